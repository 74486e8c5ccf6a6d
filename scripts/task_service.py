"""Reads what ECS tells of the app's service, and decides.

task_service.py begin DEFINITION [LEAST MOST]: from `aws ecs describe-services`, what has to be done so that the service runs a
    task definition: `absent`, `update`, `again` (it has failed before), or `wait DEPLOYMENT`. If its number of tasks is
    outside of the limits, a second line has the nearer one.
task_service.py outside LEAST MOST: from the same, this second line alone
task_service.py judge DEPLOYMENT DEFINITION: from the same, `serving TEXT`, `waiting TEXT` or `failed TEXT`
task_service.py before DEPLOYMENT: from the same, the task definition of the version before it; nothing if it has no tasks any more
task_service.py definition: from the same, the task definition that serves; nothing if there is none
task_service.py summary: from the same, how many tasks of which definition run: a line `COUNT DESIRED DEFINITION` for each
task_service.py events: from the same, its last events
task_service.py stopped DEFINITION: from `aws ecs describe-tasks`, why tasks of a definition have stopped: a line for each, ID first
task_service.py commit, task_service.py set, task_service.py container: from `aws ecs describe-task-definition`, the commit, the
    number of the variables, and the container's name
task_service.py copy PUSHED [workers]: from the same and what push.sh has printed, the input of `aws ecs register-task-definition`;
    nothing if it is the same
"""

import json
import re
import subprocess
import sys

REVISION = "org.opencontainers.image.revision"
# What describe-task-definition adds, and register-task-definition refuses.
ADDED = {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy", "deregisteredAt"}
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
EVENTS = 8
STOPPED = 4


def aws(*words):
    """What the AWS CLI answers. Raises CalledProcessError if it fails, which it has explained on standard error."""
    done = subprocess.run(["aws", *words, "--output", "json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def service_of(described):
    """The service; None if it is not there."""
    return next((each for each in described["services"] if each["status"] == "ACTIVE"), None)


def primary_of(service):
    return next((each for each in service["deployments"] if each["status"] == "PRIMARY"), None)


def begin(service, definition):
    if not service:
        return "absent"
    primary = primary_of(service)
    if not primary or primary["taskDefinition"] != definition:
        return "update"
    return "again" if primary.get("rolloutState") == "FAILED" else "wait " + primary["id"]


def outside(service, least=None, most=None):
    """The nearer limit, in a list, if the wanted number of tasks is outside of the two."""
    if not service or least is None:
        return []
    nearer = min(max(service["desiredCount"], int(least)), int(most))
    return [] if nearer == service["desiredCount"] else [nearer]


def count(deployment):
    return f"{deployment['runningCount']} of {deployment['desiredCount']}"


def judge(service, deployment, definition):
    """Whether a deployment serves. ECS calls one COMPLETED when its tasks are healthy; a service with another number of tasks
    since then is not settled, and neither is one with tasks of an older deployment."""
    if not service:
        return "failed the service is not there any more"
    primary = primary_of(service)
    mine = next((each for each in service["deployments"] if each["id"] == deployment), None)
    if not mine and primary and primary["taskDefinition"] == definition:
        mine = primary  # somebody has begun it again
    if mine and mine.get("rolloutState") == "FAILED":
        return "failed " + mine.get("rolloutStateReason", "ECS gives no reason")
    if not mine:
        return "failed another deployment has taken its place"
    if mine["status"] != "PRIMARY":
        return "failed another deployment takes its place"
    others = [each for each in service["deployments"] if each is not mine]
    settled = mine["runningCount"] == mine["desiredCount"] == service["desiredCount"] and service["pendingCount"] == 0
    if settled and not others and mine.get("rolloutState") == "COMPLETED":
        return f"serving {count(mine)} tasks"
    before = "".join(f", {each['runningCount']} of the version before" for each in others if each["runningCount"])
    return f"waiting {count(mine)} tasks run{before}"


def before(service, deployment):
    """In a list, the task definition that has served until a deployment began, as long as it has tasks. One that was not
    complete itself has never served alone. ECS chooses alike: ECS developer guide, "How the Amazon ECS deployment circuit
    breaker detects failures"."""
    return [
        each["taskDefinition"]
        for each in service["deployments"]
        if each["id"] != deployment and each.get("rolloutState") == "COMPLETED" and each["runningCount"]
    ][:1]


def summary(service):
    return [
        f"{each['runningCount']} {service['desiredCount']} {each['taskDefinition']}"
        for each in service["deployments"]
        if each["runningCount"] or each["status"] == "PRIMARY"
    ]


def events(service):
    return [f"{each['createdAt']} {each['message']}" for each in reversed(service["events"][:EVENTS])]


def stopped(tasks, definition):
    """The last ones first. A task's own reason is general; that of its container names the cause."""
    found = sorted(
        (task for task in tasks if task["taskDefinitionArn"] == definition),
        key=lambda task: str(task.get("stoppedAt", "")),
        reverse=True,
    )
    return [f"{task['taskArn'].rpartition('/')[2]} {'; '.join(reasons(task))}" for task in found[:STOPPED]]


def reasons(task):
    yield task.get("stoppedReason", "no reason given")
    for container in task.get("containers", []):
        if "exitCode" in container:
            yield f"exit status {container['exitCode']}"
        if container.get("reason"):
            yield container["reason"]


def commit(definition):
    return definition["containerDefinitions"][0].get("dockerLabels", {}).get(REVISION, "")


def container_name(definition):
    return definition["containerDefinitions"][0]["name"]


def variables(definition):
    """The number of the set of variables; 0 if there is none."""
    for secret in definition["containerDefinitions"][0].get("secrets", []):
        found = re.search(r"/(\d+)/[^/]+$", secret["valueFrom"])
        if found:
            return int(found[1])
    return 0


def process_of(container, process):
    """What a worker's container has of its process. What the image and its settings demand stays in its environment."""
    kept = [each for each in container.get("environment", []) if each["name"] != "TINI_KILL_PROCESS_GROUP"]
    return {**process, "environment": [*process["environment"], *kept]}


def copy(definition, pushed, prefix, kind=""):
    """A definition with another image and other variables, and of workers another process; None if it is the same. `prefix` is
    the ARN of the sets' path."""
    container = definition["containerDefinitions"][0]
    secrets = [{"name": name, "valueFrom": f"{prefix}/{pushed['environment']}/{name}"} for name in pushed["variables"]]
    changed = {
        **container,
        **(process_of(container, pushed["processes"][0]) if kind == "workers" else {}),
        "image": pushed["image"],
        "secrets": secrets,
        "dockerLabels": {**container.get("dockerLabels", {}), REVISION: pushed["commit"]},
    }
    by_name = lambda listed: sorted(listed, key=lambda secret: secret["name"])  # noqa: E731
    if {**container, "secrets": by_name(container.get("secrets", []))} == {**changed, "secrets": by_name(secrets)}:
        return None
    kept = {key: value for key, value in definition.items() if key not in ADDED}
    return {**kept, "containerDefinitions": [changed]}


def prefix_of(definition):
    """Where the sets are, as the definition's own variables say."""
    return re.sub(r"/\d+/[^/]+$", "", definition["containerDefinitions"][0]["secrets"][0]["valueFrom"])


def main(action, *arguments):
    given = json.load(sys.stdin)
    if action in ("commit", "set", "container", "copy"):
        definition = given["taskDefinition"]
        if action == "copy":
            made = copy(definition, json.loads(arguments[0]), prefix_of(definition), *arguments[1:])
            lines = [json.dumps(made)] if made else []
        else:
            told = {"commit": commit, "set": variables, "container": container_name}
            lines = [told[action](definition)]
    elif action == "stopped":
        lines = stopped(given["tasks"], *arguments)
    else:
        service = service_of(given)
        if action == "begin":
            lines = [begin(service, arguments[0]), *outside(service, *arguments[1:])]
        elif action == "outside":
            lines = outside(service, *arguments)
        elif action == "judge":
            lines = [judge(service, *arguments)]
        elif action == "before":
            lines = before(service, *arguments) if service else []
        elif action == "definition":
            lines = [primary_of(service)["taskDefinition"]] if service else []
        else:
            lines = {"summary": summary, "events": events}[action](service) if service else []
    for line in lines:
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
