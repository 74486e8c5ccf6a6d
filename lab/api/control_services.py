"""Answers of the control API about what stands between the internet and a service: tasks, load balancers,
certificates, logins."""

from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

import certificate_authority
from control_api import Answer, Conflict, NotFound, credentials, role_session
from ecs import autoscaling, scaling, services
from patches import certificates, lifecycle, load_balancers, registries


def tasks() -> Answer:
    """Every task that is not stopped."""
    return {"tasks": [task.for_controller() | _usage_interval(task) for task in services.all_tasks()]}


def _usage_interval(task: Any) -> Answer:
    return {"usageInterval": scaling.MINUTE if autoscaling.policy_of(task.service) else None}


def report_usage(tasks: dict[str, float]) -> Answer:
    """Tasks that are gone are ignored."""
    autoscaling.report_usage(tasks)
    return {}


def report_task(id: str, status: str, exitCode: int | None = None, reason: str = "") -> Answer:  # noqa: A002, N803
    """Raises NotFound."""
    if status not in ("running", "stopped"):
        raise NotFound(f"a task is reported running or stopped, and not {status}")
    try:
        services.report_task(id, status, exitCode, reason)
    except services.NoSuchTask as problem:
        raise NotFound(str(problem)) from None
    return {"id": id, "status": status}


def task_credentials(task_id: str) -> Answer:
    """The temporary credentials of the task's role, as in the ECS developer guide, "Amazon ECS task IAM role". Raises
    NotFound."""
    task = next((each for each in services.all_tasks() if each.id == task_id), None)
    if task is None or task.launch.credentials_path is None:
        raise NotFound(f"task {task_id} has no role")
    role_arn = task.definition.task_role_arn
    return {"RoleArn": role_arn} | credentials(role_session(task.backend, role_arn, task_id))


def balancers() -> Answer:
    return {"loadBalancers": [_balancer(backend, each) for backend, each in _all_balancers()]}


def report_balancer(id: str, status: str) -> Answer:  # noqa: A002
    """Raises NotAwaited."""
    lifecycle.report(id, status)
    return {"id": id, "status": status}


def report_health(targetGroup: str, targets: list[dict[str, Any]]) -> Answer:  # noqa: N803
    for each in targets:
        services.report_health(targetGroup, each["address"], each["healthy"], each.get("reason") or "")
    return {"targetGroup": targetGroup}


def certificate(arn: str) -> Answer:
    """Raises NotFound, also while it is not issued."""
    for account in acm_backends.values():
        for backend in account.values():
            bundle = backend._certificates.get(arn)
            if bundle is None:
                continue
            bundle.check()
            if bundle.status != "ISSUED":
                raise NotFound(f"certificate {arn} is {bundle.status}")
            texts = {"certificate": bundle.cert.decode(), "privateKey": bundle.key.decode()}
            return texts | {"chain": certificates.chain_of(bundle)}
    raise NotFound(f"there is no certificate {arn}")


def authority() -> Answer:
    return {"certificate": certificate_authority.ROOT_PEM.decode()}


def login(user: str, password: str) -> Answer:
    """Raises NotFound."""
    if not registries.is_valid(user, password):
        raise NotFound("no such login, or it has ended")
    return {"user": user}


def report_image(repository: str, digest: str, tag: str, size: int = 0) -> Answer:
    """Raises NotFound, and Conflict if the tag is another image's and immutable."""
    try:
        registries.add_image(repository, digest, tag, size)
    except registries.NoRepository as problem:
        raise NotFound(str(problem)) from None
    except registries.TagIsImmutable as problem:
        raise Conflict(str(problem)) from None
    return {"repository": repository, "digest": digest}


def _all_balancers() -> list[tuple[Any, Any]]:
    return [
        (backend, balancer)
        for account in elbv2_backends.values()
        for backend in account.values()
        for balancer in backend.load_balancers.values()
    ]


def _balancer(backend: Any, balancer: Any) -> Answer:
    groups = [each for each in backend.target_groups.values() if balancer.arn in each.load_balancer_arns]
    interfaces = load_balancers.interfaces_of(balancer)
    return {
        "id": balancer.arn,
        "vpcId": balancer.vpc_id,
        "dnsName": balancer.dns_name,
        "groupIds": balancer.security_groups,
        "idleTimeout": load_balancers.idle_timeout(balancer),
        "interfaces": [
            {
                "subnetId": each.subnet.id,
                "address": each.private_ip_address,
                "mac": each.mac_address,
                "publicIp": each.public_ip,
            }
            for each in interfaces
        ],
        "listeners": [_listener(each) for each in balancer.listeners.values()],
        "targetGroups": [_target_group(each) for each in groups],
    }


def _listener(listener: Any) -> Answer:
    """Its default action; the lab knows no rules."""
    action = listener.default_actions[0].data
    redirect = action.get("RedirectConfig")
    forward = action.get("TargetGroupArn") or next(
        (each["TargetGroupArn"] for each in action.get("ForwardConfig", {}).get("TargetGroups", [])), None
    )
    return {
        "port": int(listener.port),
        "protocol": listener.protocol,
        "certificateArn": listener.certificate,
        "redirect": redirect
        and {
            "port": int(redirect["Port"]),
            "protocol": redirect["Protocol"],
            "status": int(redirect["StatusCode"].removeprefix("HTTP_")),
        },
        "targetGroup": forward,
    }


def _target_group(group: Any) -> Answer:
    shown: dict[str, Any] = getattr(group, "shown", {})
    return {
        "id": group.arn,
        "port": int(group.port),
        "healthCheck": {
            "path": group.health_check_path,
            "matcher": group.matcher["HttpCode"],
            "interval": int(group.health_check_interval_seconds),
            "timeout": int(group.health_check_timeout_seconds),
            "healthy": int(group.healthy_threshold_count),
            "unhealthy": int(group.unhealthy_threshold_count),
        },
        "targets": [
            {"address": address, "port": int(health.port), "draining": health.status == "draining"}
            for address, (_, health) in shown.items()
        ],
    }
