"""What happens to a service: changes that its user makes, and what is reported of its tasks and targets."""

from dataclasses import replace

from .clock import Clock
from .model import (
    ACTIVE, DEACTIVATING, FAILED, IN_PROGRESS, RUNNING, STOPPED, STOPPING, Deployment, Service, Subnet, Task,
)  # fmt: skip


def deploy(
    service: Service, clock: Clock, task_definition: str, subnets: tuple[Subnet, ...], group_ids: tuple[str, ...]
) -> Service:
    """Begins a deployment. The previous one stays ACTIVE until its tasks have stopped."""
    number = clock.deployment_id()
    new = Deployment(number, task_definition, subnets, group_ids, clock.now, clock.now)
    new = replace(new, reason=f"ECS deployment {number} in progress.")
    before = tuple(replace(each, status=ACTIVE, updated=clock.now) for each in service.deployments)
    return replace(service, deployments=(new, *before), is_steady=False, failed_starts=0, next_start=0)


def scale(service: Service, clock: Clock, desired: int) -> Service:
    if desired == service.desired:
        return service
    changed = service.with_deployment(replace(service.primary, updated=clock.now))
    return replace(changed, desired=desired, is_steady=False)


def begin_stopping(service: Service, clock: Clock, task: Task, code: str, reason: str) -> Service:
    """Takes a task out of service: its target first, for the deregistration delay, then the container.

    ELB user guide, "Edit target group attributes", deregistration delay; ECS developer guide, "Amazon ECS task
    lifecycle", DEACTIVATING.
    """
    if not task.is_active:
        return service
    going = replace(task, desired=STOPPED, stop_code=code, stopped_reason=reason)
    if task.health is None:
        return service.with_task(replace(going, status=STOPPING))
    drained = clock.now + service.deregistration_delay
    return service.with_task(replace(going, status=DEACTIVATING, drained=drained))


def stopped_by_user(service: Service, clock: Clock, task_id: str, reason: str) -> Service:
    task = service.task(task_id)
    if task is None:
        return service
    return replace(begin_stopping(service, clock, task, "UserInitiated", reason), is_steady=False)


def running(service: Service, clock: Clock, task_id: str) -> Service:
    """The task's container runs: from now on it is a target."""
    task = service.task(task_id)
    if task is None or not task.is_active or task.status == RUNNING:
        return service
    started = replace(task, status=RUNNING, started=clock.now)
    if service.target_group is None:
        return _pass(service.with_task(replace(started, passed=True)), started)
    registered = service.with_task(replace(started, health="initial"))
    message = f"registered 1 targets in (target-group {service.target_group})"
    return replace(clock.tell(registered, message), failed_starts=0, next_start=0)


def stopped(service: Service, clock: Clock, task_id: str, exit_code: int | None, reason: str) -> Service:
    """The task's container is gone, or never was; the reason is AWS's text.

    Codes and texts: ECS developer guide, "Amazon ECS stopped tasks error messages".
    """
    task = service.task(task_id)
    if task is None or task.status == STOPPED:
        return service
    gone = replace(task, status=STOPPED, desired=STOPPED, health=None, stopped=clock.now, exit_code=exit_code)
    if not task.is_active:
        return service.with_task(gone)
    if exit_code is None:
        gone = replace(gone, stop_code="TaskFailedToStart", stopped_reason=reason)
    else:
        text = reason or "Essential container in task exited"
        gone = replace(gone, stop_code="EssentialContainerExited", stopped_reason=text)
    service = replace(service.with_task(gone), is_steady=False)
    if task.status != RUNNING:
        service = _delay_starts(service, clock)
    return service if task.passed else count_failure(service, gone)


def health(service: Service, task_id: str, is_healthy: bool, reason: str) -> Service:
    """The load balancer's check of the task's target has a new result."""
    task = service.task(task_id)
    if task is None or task.health is None or not task.is_active:
        return service
    if not is_healthy:
        return service.with_task(replace(task, health="unhealthy", health_reason=reason))
    service = service.with_task(replace(task, health="healthy", health_reason="", passed=True))
    return service if task.passed else _pass(service, task)


def delete(service: Service) -> Service:
    """Every task goes; the scheduler sees to it."""
    return replace(service, desired=0, is_draining=True, is_steady=False)


def count_failure(service: Service, task: Task) -> Service:
    """One more failed task of the task's deployment, if that is still under way."""
    for deployment in service.deployments:
        if deployment.id == task.deployment and deployment.state == IN_PROGRESS:
            return service.with_deployment(replace(deployment, failed_tasks=deployment.failed_tasks + 1))
    return service


def _pass(service: Service, task: Task) -> Service:
    """A task that does well sets the count of failed ones to 0 (DeploymentCircuitBreaker, resetOnHealthyTask)."""
    service = replace(service, failed_starts=0, next_start=0)
    for deployment in service.deployments:
        if deployment.id == task.deployment and deployment.state != FAILED:
            return service.with_deployment(replace(deployment, failed_tasks=0))
    return service


def _delay_starts(service: Service, clock: Clock) -> Service:
    """ECS developer guide, "Amazon ECS service throttle logic": tasks that do not come to run start ever less often,
    until 27 minutes are between two. The first seconds are the lab's choice, and more than any circuit breaker waits.
    """
    failed = service.failed_starts + 1
    beyond = failed - service.threshold
    if beyond <= 0:
        return replace(service, failed_starts=failed)
    wait = min(30 * 2 ** (beyond - 1), 27 * 60)
    service = replace(service, failed_starts=failed, next_start=clock.now + wait)
    return clock.tell(service, "is unable to consistently start tasks successfully.") if beyond == 1 else service
