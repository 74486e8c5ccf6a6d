"""task_status.py CLUSTER SERVICE [LIMITS [WORKERS]]: prints how the tasks are as a JSON object, for status.sh.

WORKERS is the service of the workers. LIMITS are the least and the greatest number of tasks, with a blank between.

wanted, running, healthy: numbers of tasks; healthy ones get requests
least, most: the limits; only where they differ
groups: for each version and zone, {commit, zone, running, healthy}
problems: why any task is not healthy, a line for each
workers: the same of the workers, which are healthy as long as they run; only where tasks run them
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from task_service import aws, commit, primary_of, reasons, service_of


def address(task):
    """The task's private address; None before it has one."""
    details = (detail for attachment in task.get("attachments", []) for detail in attachment.get("details", []))
    return next((detail["value"] for detail in details if detail["name"] == "privateIPv4Address"), None)


def summary(service, tasks, stopped, targets, commits):
    """From what ECS and the load balancer describe; `commits` is by task definition, `targets` has states by address, and is None
    without a load balancer."""
    groups, problems = {}, []
    for task in tasks:
        health = {"State": "healthy"} if targets is None else targets.get(address(task), {"State": "unused"})
        running, healthy = task["lastStatus"] == "RUNNING", health["State"] == "healthy"
        key = (commits.get(task["taskDefinitionArn"], ""), task.get("availabilityZone", ""))
        counted = groups.setdefault(key, [0, 0])
        counted[0] += running
        counted[1] += running and healthy
        name = "task " + task["taskArn"].rpartition("/")[2]
        if not running:
            problems.append(f"{name} is {task['lastStatus']}")
        elif not healthy:
            problems.append(": ".join([f"{name} is {health['State']}", *filter(None, [health.get("Description")])]))
    primary = primary_of(service)
    if primary and primary.get("rolloutState", "COMPLETED") != "COMPLETED":
        problems.append(f"the deployment is {primary['rolloutState']}: {primary.get('rolloutStateReason', 'no reason given')}")
    healthy = sum(counted[1] for counted in groups.values())
    if healthy < service["desiredCount"] and stopped:
        last = max(stopped, key=lambda task: str(task.get("stoppedAt", "")))
        problems.append(f"the last task that stopped: {'; '.join(reasons(last))}")
    return {
        "wanted": service["desiredCount"],
        "running": sum(counted[0] for counted in groups.values()),
        "healthy": healthy,
        "groups": [
            {"commit": of or None, "zone": zone or None, "running": running, "healthy": healthy}
            for (of, zone), (running, healthy) in sorted(groups.items())
        ],
        "problems": problems,
    }


def described(cluster, service, status):
    arns = aws("ecs", "list-tasks", "--cluster", cluster, "--service-name", service, "--desired-status", status)["taskArns"][:100]
    return aws("ecs", "describe-tasks", "--cluster", cluster, "--tasks", *arns)["tasks"] if arns else []


def scaling(limits):
    least, most = (int(limit) for limit in limits.split() or (0, 0))
    return {"least": least, "most": most} if least != most else {}


def health_of(service):
    """The states of its targets by address; None without a load balancer."""
    if not service["loadBalancers"]:
        return None
    listed = aws("elbv2", "describe-target-health", "--target-group-arn", service["loadBalancers"][0]["targetGroupArn"])
    return {each["Target"]["Id"]: each["TargetHealth"] for each in listed["TargetHealthDescriptions"]}


def commit_of(definition):
    return commit(aws("ecs", "describe-task-definition", "--task-definition", definition)["taskDefinition"])


def status_of(cluster, name):
    service = service_of(aws("ecs", "describe-services", "--cluster", cluster, "--services", name))
    if not service:
        return {"wanted": 0, "running": 0, "healthy": 0, "groups": [], "problems": ["there is no service"]}
    # Each call starts an AWS CLI, which takes a second on a small machine: those that need not wait for another run beside it.
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(described, cluster, name, "STOPPED")
        health = pool.submit(health_of, service)
        tasks = described(cluster, name, "RUNNING")
        definitions = {task["taskDefinitionArn"] for task in tasks}
        commits = dict(zip(definitions, pool.map(commit_of, definitions)))
        return summary(service, tasks, stopped.result(), health.result(), commits)


def main(cluster, name, limits="", workers=""):
    with ThreadPoolExecutor() as pool:
        of_workers = pool.submit(status_of, cluster, workers) if workers else None
        status = {**status_of(cluster, name), **scaling(limits)}
        if of_workers:
            status["workers"] = of_workers.result()
    print(json.dumps(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
