"""Services that Application Auto Scaling changes, by the targets and policies that moto keeps."""

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, applicationautoscaling_backends

from patches.patching import replaces

from . import model, reports, scaling, services

_DIMENSION = "ecs:service:DesiredCount"
_METRIC = "ECSServiceAverageCPUUtilization"


@replaces(ApplicationAutoscalingBackend, "register_scalable_target")
def register_scalable_target(original: Any, backend: Any, namespace: str, r_id: str, *rest: Any, **named: Any) -> Any:
    """Brings an active service between the limits (API reference, RegisterScalableTarget)."""
    target = original(backend, namespace, r_id, *rest, **named)
    for ecs, entry in services.all_entries():
        is_same = ecs is backend.ecs_backend and r_id == f"service/{entry.cluster_name}/{entry.name}"
        if is_same and namespace == "ecs" and entry.status == "ACTIVE":
            desired = min(max(entry.lab.desired, target.min_capacity), target.max_capacity)
            entry.lab = reports.scale(entry.lab, services.clock(), desired)
    return target


def policy_of(entry: Any) -> scaling.Policy | None:
    """The policy of a service that tracks the tasks' CPU; None for a service whose number of tasks does not change."""
    region, account = entry.cluster_arn.split(":")[3:5]
    backend = applicationautoscaling_backends[account][region]
    resource = f"service/{entry.cluster_name}/{entry.name}"
    target = backend.targets.get(_DIMENSION, {}).get(resource)
    if target is None:
        return None
    for each in backend.policies.values():
        tracking = each.target_tracking_scaling_policy_configuration or {}
        metric = (tracking.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
        if each.resource_id == resource and metric == _METRIC:
            return scaling.Policy(
                target.min_capacity,
                target.max_capacity,
                float(tracking["TargetValue"]),
                tracking.get("ScaleOutCooldown", 300),
                tracking.get("ScaleInCooldown", 300),
                not tracking.get("DisableScaleIn"),
            )
    return None


def report_usage(usage: dict[str, float]) -> None:
    """What the tasks, by id, have used of their CPU in the last minute, in percent."""
    for _, entry in services.all_entries():
        policy = policy_of(entry)
        used = [usage[task.id] for task in entry.lab.tasks if task.status == model.RUNNING and task.id in usage]
        if policy is None:
            entry.history = scaling.History()
        elif used:
            _scale(entry, policy, sum(used) / len(used))


def _scale(entry: Any, policy: scaling.Policy, average: float) -> None:
    clock, before = services.clock(), entry.lab.desired
    history = scaling.measure(getattr(entry, "history", scaling.History()), average, clock.now)
    is_deploying = entry.lab.primary.state == model.IN_PROGRESS
    after = scaling.wanted(policy, history, before, is_deploying, clock.now)
    entry.lab = reports.scale(entry.lab, clock, after)
    entry.history = scaling.scaled(history, before, after, clock.now)
