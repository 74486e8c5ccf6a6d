"""ECS services and task definitions on Fargate."""

from typing import Any

from .call import Call, refuse

# MiB of memory by CPU units: ECS developer guide, "Task definition parameters for Fargate", task size.
_SIZES = {
    256: [512, 1024, 2048],
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_MOST_STOP_TIMEOUT = 120


def fargate_size(call: Call) -> None:
    if "FARGATE" not in call.params.get("requiresCompatibilities", []):
        return
    cpu, memory = call.params.get("cpu"), call.params.get("memory")
    if not cpu or not memory:
        lacking = "cpu" if not cpu else "memory"
        refuse("ClientException", f"Fargate requires that '{lacking}' be defined at the task level.")
    if int(memory) not in _SIZES.get(int(cpu), []):
        refuse("ClientException", "No Fargate configuration exists for given values.")


def execution_role(call: Call) -> None:
    """ECS developer guide, "Amazon ECS task execution IAM role": what Fargate itself fetches and writes needs one."""
    if "FARGATE" not in call.params.get("requiresCompatibilities", []) or call.params.get("executionRoleArn"):
        return
    for container in call.params["containerDefinitions"]:
        if container.get("secrets"):
            message = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
            refuse("ClientException", message)
        if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            refuse(
                "ClientException",
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            )
        if ".dkr.ecr." in container["image"]:
            refuse(
                "ClientException", "Fargate requires task definition to have execution role ARN to support ECR images."
            )


def stop_timeout(call: Call) -> None:
    for container in call.params["containerDefinitions"]:
        if (container.get("stopTimeout") or 0) > _MOST_STOP_TIMEOUT:
            refuse(
                "ClientException", f"stopTimeout must be less than or equal to {_MOST_STOP_TIMEOUT} for Fargate tasks."
            )


def one_vpc(call: Call) -> None:
    network = (call.params.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    subnets = [call.ec2.get_subnet(each) for each in network.get("subnets", [])]
    vpc_ids = {each.vpc_id for each in subnets}
    if len(vpc_ids) > 1:
        refuse("InvalidParameterException", "subnets must all be in the same VPC.")
    for group_id in network.get("securityGroups", []):
        group = call.ec2.get_security_group_from_id(group_id)
        if group is not None and vpc_ids and group.vpc_id not in vpc_ids:
            refuse(
                "InvalidParameterException",
                f"Security group {group_id} does not appear to belong to the same VPC as the input subnets.",
            )


def container_of_load_balancer(call: Call) -> None:
    """API reference, CreateService, loadBalancers: a container and a port of the task definition."""
    definition = call.params.get("taskDefinition")
    for each in call.params.get("loadBalancers") or []:
        container, port = each.get("containerName"), each.get("containerPort")
        found = call.task_definition(definition) if definition else None
        if found is None:
            return
        containers: list[dict[str, Any]] = found.container_definitions
        ports = [
            mapping["containerPort"]
            for one in containers
            if one["name"] == container
            for mapping in one.get("portMappings") or []
        ]
        if port not in ports:
            message = f"The container {container} did not have a container port {port} defined."
            refuse("InvalidParameterException", message)
