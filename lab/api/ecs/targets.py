"""The targets of a service in its target group, as Elastic Load Balancing describes them."""

from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from patches.patching import replaces
from . import model

# ELB user guide, "Health checks for Application Load Balancer target groups", reason codes and descriptions.
_CODES = {"Health checks failed with these codes": "Target.ResponseCodeMismatch", "Request timed out": "Target.Timeout"}


def find_group(account: str, region: str, arn: str) -> FakeTargetGroup | None:
    return elbv2_backends[account][region].target_groups.get(arn)


def deregistration_delay(group: FakeTargetGroup) -> float:
    return float(str(group.attributes["deregistration_delay.timeout_seconds"]))


def is_used(backend: ELBv2Backend, group_arn: str) -> bool:
    return bool(backend._any_listener_using(group_arn))


def show(group: FakeTargetGroup, service: str, port: int, addresses: dict[str, model.Task]) -> None:
    """Puts the service's registered and draining tasks in the place of those that it had in the group before."""
    shown: dict[str, tuple[str, FakeHealthStatus]] = getattr(group, "shown", {})
    others = {key: each for key, each in shown.items() if each[0] != service}
    mine = {address: (service, _health(address, port, task)) for address, task in addresses.items()}
    group.shown = others | mine  # type: ignore[attr-defined]
    for address in [key for key, each in shown.items() if each[0] == service and key not in mine]:
        group.targets.pop(address, None)
    for address, task in addresses.items():
        zone = task.subnet.zone
        group.targets[address] = {"Id": address, "Port": port, "AvailabilityZone": zone}


def _health(address: str, port: int, task: model.Task) -> FakeHealthStatus:
    def status(*words: str) -> FakeHealthStatus:
        return FakeHealthStatus(address, str(port), "traffic-port", *words)

    if task.status == model.DEACTIVATING:
        return status("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
    if task.health == "healthy":
        return status("healthy")
    if task.health == "unhealthy":
        code = next((code for text, code in _CODES.items() if task.health_reason.startswith(text)), None)
        return status("unhealthy", code or "Target.FailedHealthChecks", task.health_reason)
    return status("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")


@replaces(FakeTargetGroup, "health_for")
def health_for(original: Any, group: Any, target: dict[str, Any], ec2: Any) -> FakeHealthStatus:
    """moto calls every target healthy."""
    if group.load_balancer_arns and not is_used(elbv2_backends[group.account_id][group.region_name], group.arn):
        text = "Target group is not configured to receive traffic from the load balancer"
        return FakeHealthStatus(target["Id"], target.get("Port", group.port), None, "unused", "Target.NotInUse", text)
    known = getattr(group, "shown", {}).get(target["Id"])
    health: FakeHealthStatus = known[1] if known else original(group, target, ec2)
    return health
