"""ECS's calls on services and their tasks, in the place of moto's, whose services have no tasks."""

from dataclasses import replace
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends

from patches.patching import replaces

from . import model, reports, targets
from .services import clock, tasks_of, tick
from .tasks import TaskEntry

# What a service is described with beside what moto keeps, and AWS's default of each.
_SETTINGS: dict[str, Any] = {
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "propagateTags": "NONE",
    "availabilityZoneRebalancing": "DISABLED",
    "platformVersion": "LATEST",
}
_ATTRIBUTES = {
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "propagateTags": "propagate_tags",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "platformVersion": "platform_version",
}


@replaces(EC2ContainerServiceResponse, "create_service")
def create_service(original: Any, response: Any) -> ActionResult:
    backend, params = response.ecs_backend, response._get_params()
    cluster = backend._get_cluster(params.get("cluster", "default"))
    existing = backend.services.get(f"{cluster.name}:{params['serviceName']}")
    if existing is not None and existing.status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    if existing is not None and existing.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    if not params.get("networkConfiguration"):
        message = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        raise InvalidParameterException(message)
    group, port = _load_balancer(backend, params.get("loadBalancers") or [])
    result: ActionResult = original(response)
    entry = result.result["service"]  # type: ignore[index]
    entry.created_at = entry.deployments[0]["createdAt"]
    entry.platform_family = "Linux"
    for name, default in _SETTINGS.items():
        setattr(entry, _ATTRIBUTES[name], params.get(name, default))
    entry.lab = model.Service(entry.name, entry.desired_count, target_group=group, port=port)
    _configure(entry, params)
    _deploy(backend, entry)
    tick()
    return result


@replaces(EC2ContainerServiceResponse, "update_service")
def update_service(_original: Any, response: Any) -> ActionResult:
    backend, params = response.ecs_backend, response._get_params()
    entry = backend._get_service(params.get("cluster", "default"), params["service"].split("/")[-1])
    if entry.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
    if definition := params.get("taskDefinition"):
        params["taskDefinition"] = backend.describe_task_definition(definition).arn
    before = _deployed(entry)
    if "networkConfiguration" in params:
        entry.network_configuration = entry._validate_network(params["networkConfiguration"])
    if "loadBalancers" in params:
        group, port = _load_balancer(backend, params["loadBalancers"])
        entry.load_balancers = params["loadBalancers"]
        entry.lab = replace(entry.lab, target_group=group, port=port)
    for name in params.keys() & _SETTINGS.keys():
        setattr(entry, _ATTRIBUTES[name], params[name])
    _configure(entry, params)
    entry.task_definition = params.get("taskDefinition") or entry.task_definition
    if params.get("desiredCount") is not None:
        entry.lab = reports.scale(entry.lab, clock(), params["desiredCount"])
    if params.get("forceNewDeployment") or _deployed(entry) != before:
        _deploy(backend, entry)
    tick()
    return ActionResult({"service": entry})


@replaces(EC2ContainerServiceBackend, "delete_service")
def delete_service(_original: Any, backend: Any, cluster_name: str, service_name: str, force: bool) -> Any:
    entry = backend._get_service(cluster_name, service_name.split("/")[-1])
    if entry.status == "INACTIVE":
        raise ECSException("ServiceNotFoundException", "Service not found.")
    if entry.desired_count > 0 and not force:
        raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
    entry.status = "DRAINING"
    entry.lab = reports.delete(entry.lab)
    tick()
    return entry


@replaces(EC2ContainerServiceBackend, "delete_cluster")
def delete_cluster(original: Any, backend: Any, cluster_str: str) -> Any:
    name = backend._get_cluster(cluster_str).name
    services = [each for each in backend.services.values() if each.cluster_name == name]
    if any(each.status == "ACTIVE" for each in services):
        message = "The Cluster cannot be deleted while Services are active."
        raise ECSException("ClusterContainsServicesException", message)
    if any(task.last_status != model.STOPPED for each in services for task in tasks_of(backend, each).values()):
        raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    return original(backend, cluster_str)


@replaces(EC2ContainerServiceBackend, "list_tasks")
def list_tasks(
    original: Any,
    backend: Any,
    cluster_str: str | None = None,
    container_instance: str | None = None,
    family: str | None = None,
    started_by: str | None = None,
    service_name: str | None = None,
    desiredStatus: str | None = None,  # noqa: N803
) -> Any:
    """moto lists tasks of every service and status; AWS those of the service whose desired status is RUNNING, unless
    another is named (API reference, ListTasks)."""
    # Calls by ARN, for tags, give no cluster.
    status = desiredStatus or ("RUNNING" if cluster_str else None)
    found = original(backend, cluster_str, container_instance, family, started_by, None, status)
    if not service_name:
        return found
    name = service_name.split("/")[-1]
    return [task for task in found if task.group == f"service:{name}"]


@replaces(EC2ContainerServiceBackend, "stop_task")
def stop_task(original: Any, backend: Any, cluster_str: str, task_str: str, reason: str | None) -> Any:
    cluster = backend._get_cluster(cluster_str)
    found = backend.tasks.get(cluster.name, {}).values()
    task = next((each for each in found if each.id == task_str.split("/")[-1]), None)
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    if not isinstance(task, TaskEntry):
        return original(backend, cluster_str, task_str, reason)
    entry = task.service
    entry.lab = reports.stopped_by_user(entry.lab, clock(), task.id, reason or "Task stopped by user")
    tick()
    return task


@replaces(EC2ContainerServiceResponse, "describe_tasks")
def describe_tasks(original: Any, response: Any) -> ActionResult:
    """moto leaves out what is missing without a word."""
    result: ActionResult = original(response)
    found: dict[str, Any] = result.result  # type: ignore[assignment]
    ids = {task.task_arn.split("/")[-1] for task in found["tasks"]}
    asked = response._get_param("tasks", [])
    found["failures"] = [{"arn": each, "reason": "MISSING"} for each in asked if each.split("/")[-1] not in ids]
    return result


def _configure(entry: Any, params: dict[str, Any]) -> None:
    """Takes over the rules of deployments; what is not named stays."""
    given = params.get("deploymentConfiguration") or {}
    breaker = {"enable": False, "rollback": False}
    defaults = {"maximumPercent": 200, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": breaker}
    entry.deployment_configuration = now = defaults | getattr(entry, "deployment_configuration", {}) | given
    entry.lab = replace(
        entry.lab,
        minimum_percent=now["minimumHealthyPercent"],
        maximum_percent=now["maximumPercent"],
        breaks=now["deploymentCircuitBreaker"]["enable"],
        rolls_back=now["deploymentCircuitBreaker"]["rollback"],
        grace=float(entry.health_check_grace_period_seconds or 0),
    )


def _deploy(backend: Any, entry: Any) -> None:
    network = (entry.network_configuration or {}).get("awsvpcConfiguration", {})
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    subnets = tuple(model.Subnet(each, ec2.get_subnet(each).availability_zone) for each in network.get("subnets", []))
    groups = tuple(network.get("securityGroups", []))
    entry.lab = reports.deploy(entry.lab, clock(), entry.task_definition, subnets, groups)


def _deployed(entry: Any) -> list[Any]:
    """A change of these begins a deployment (API reference, UpdateService)."""
    return [entry.task_definition, entry.network_configuration, entry.load_balancers, entry.platform_version]


def _load_balancer(backend: Any, load_balancers: list[dict[str, Any]]) -> tuple[str | None, int]:
    """The target group and the port of its targets; API reference, CreateService, loadBalancers."""
    if not load_balancers:
        return None, 0
    first = load_balancers[0]
    arn = first["targetGroupArn"]
    if targets.find_group(backend.account_id, backend.region_name, arn) is None:
        raise InvalidParameterException(f"The specified target group {arn} does not exist.")
    if not targets.is_used(elbv2_backends[backend.account_id][backend.region_name], arn):
        message = f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        raise InvalidParameterException(message)
    return arn, first["containerPort"]
