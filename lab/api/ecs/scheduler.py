"""What ECS does about a service, one step at a time.

Sources: ECS developer guide, "Deploy Amazon ECS services by replacing tasks", "Amazon ECS services" (how the scheduler
replaces unhealthy tasks), "How the Amazon ECS deployment circuit breaker detects failures"; API reference,
"DeploymentConfiguration". Events: ECS developer guide, "Amazon ECS service event messages".
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from .clock import Clock
from .model import (
    ACTIVE, COMPLETED, DEACTIVATING, FAILED, IN_PROGRESS, PRIMARY, STOPPED, STOPPED_TASKS_LAST, STOPPING,
    Service, Subnet, Task,
)  # fmt: skip
from .reports import begin_stopping, count_failure

BREAKER = "ECS deployment circuit breaker"


def step(service: Service, clock: Clock) -> Service:
    """The service after everything that can be done now; the same if there is nothing to do."""
    rules = (_end_draining, _break_circuit, _replace_unhealthy, _start, _stop_surplus, _stop_older, _forget, _settle)
    # Each rule may make room for an earlier one. A service of 100 tasks settles in as many rounds.
    for _ in range(500):
        before = service
        for rule in rules:
            service = rule(service, clock)
        if service == before:
            return service
    raise RuntimeError(f"the scheduler does not come to rest with the service {service.name}")


def _end_draining(service: Service, clock: Clock) -> Service:
    for task in service.tasks:
        if task.status == DEACTIVATING and task.drained is not None and task.drained <= clock.now:
            service = service.with_task(replace(task, status=STOPPING, health=None))
    return service


def _break_circuit(service: Service, clock: Clock) -> Service:
    failing = service.primary
    if not service.breaks or failing.state != IN_PROGRESS or failing.failed_tasks < service.threshold:
        return service
    failed = replace(failing, state=FAILED, reason=f"{BREAKER}: tasks failed to start.", updated=clock.now)
    service = service.with_deployment(failed)
    service = clock.tell(service, f"(deployment {failed.id}) deployment failed: tasks failed to start.")
    if not service.rolls_back:
        return service
    goal = service.last_completed
    if goal is None or goal.id == failing.id:
        return clock.tell(service, "rollback failed. No rollback candidate was found to run the rollback.")
    reason = f"{BREAKER}: rolling back to deploymentId {goal.id}."
    primary = replace(
        goal, status=PRIMARY, state=IN_PROGRESS, reason=reason, failed_tasks=0, created=clock.now, updated=clock.now
    )
    others = tuple(replace(each, status=ACTIVE) for each in service.deployments if each.id != goal.id)
    service = replace(service, deployments=(primary, *others), failed_starts=0, next_start=0)
    return clock.tell(service, f"rolling back to deployment {goal.id}.")


def _replace_unhealthy(service: Service, clock: Clock) -> Service:
    """Stops unhealthy tasks once their replacements are healthy. Without room for those, it stops them first."""
    own = [task for task in service.tasks_of(service.primary) if task.is_active]
    failing = [task for task in own if service.is_failing(task, clock.now)]
    serving = sum(service.serves(task) for task in own)
    may_go = max(0, serving + len(failing) - service.desired)
    lacks = service.desired > len(own) - len(failing)
    if lacks and failing and sum(task.is_active for task in service.tasks) >= service.most:
        may_go = max(1, may_go)
    for task in failing[:may_go]:
        reason = f"Task failed ELB health checks in (target-group {service.target_group})"
        why = f"(reason {task.health_reason})"
        message = f"(task {task.id}) (port {service.port}) is unhealthy in (target-group {service.target_group}) due to"
        service = clock.tell(service, f"{message} {why}.")
        service = begin_stopping(service, clock, task, "ServiceSchedulerInitiated", reason)
        service = _tell_stopped(count_failure(service, task), clock, [task])
    return replace(service, is_steady=False) if may_go and failing else service


def _start(service: Service, clock: Clock) -> Service:
    """Starts what the primary deployment lacks, as far as the maximum percent allows, spread over the zones."""
    primary = service.primary
    if primary.state == FAILED or clock.now < service.next_start:
        return service
    active = [task for task in service.tasks if task.is_active]
    own = [task for task in active if task.deployment == primary.id]
    failing = sum(service.is_failing(task, clock.now) for task in own)
    count = min(service.desired - (len(own) - failing), service.most - len(active))
    started: list[Task] = []
    for _ in range(count):
        subnet = _emptiest(primary.subnets, [*own, *started])
        started.append(Task(clock.task_id(), primary.id, primary.task_definition, subnet, clock.now))
    if not started:
        return service
    service = replace(service, tasks=(*service.tasks, *started), is_steady=False)
    return clock.tell(service, f"has started {len(started)} tasks: {_named(started)}.")


def _stop_surplus(service: Service, clock: Clock) -> Service:
    """Of the primary deployment, after the desired count went down: tasks that do not serve first, then from the
    fullest zone."""
    own = [task for task in service.tasks_of(service.primary) if task.is_active]
    failing = [task for task in own if service.is_failing(task, clock.now)]
    return _scale_in(service, clock, own, len(own) - len(failing) - service.desired)


def _stop_older(service: Service, clock: Clock) -> Service:
    """Of the deployments before: what does not serve, and of the others as many as the minimum percent allows."""
    older = [task for task in service.tasks if task.is_active and task.deployment != service.primary.id]
    serving = sum(service.serves(task) for task in service.tasks)
    spare = max(0, serving - service.least) + sum(not service.serves(task) for task in older)
    return _scale_in(service, clock, older, min(len(older), spare))


def _scale_in(service: Service, clock: Clock, tasks: list[Task], count: int) -> Service:
    going: list[Task] = []
    for _ in range(count):
        left = [task for task in tasks if task not in going]
        fullness = Counter(task.subnet.zone for task in left)
        going.append(min(left, key=lambda task: (service.serves(task), -fullness[task.subnet.zone], task.created)))
    registered = [task for task in going if task.health is not None]
    for task in going:
        reason = f"Scaling activity initiated by (deployment {service.primary.id})"
        service = begin_stopping(service, clock, task, "ServiceSchedulerInitiated", reason)
    if registered:
        message = f"deregistered {len(registered)} targets in (target-group {service.target_group})"
        service = clock.tell(service, message)
        service = clock.tell(service, f"has begun draining connections on {len(registered)} tasks.")
    return _tell_stopped(service, clock, going)


def _forget(service: Service, clock: Clock) -> Service:
    """Deployments of which no task is left, and tasks that have been stopped for an hour."""
    tasks = tuple(task for task in service.tasks if clock.now - (task.stopped or clock.now) < STOPPED_TASKS_LAST)
    used = {task.deployment for task in tasks if task.status != STOPPED}
    deployments = tuple(each for each in service.deployments if each.status == PRIMARY or each.id in used)
    return replace(service, tasks=tasks, deployments=deployments)


def _settle(service: Service, clock: Clock) -> Service:
    primary = service.primary
    # A task that is healthy stays so here until the load balancer says otherwise.
    serving = [task for task in service.tasks_of(primary) if service.serves(task)]
    active = sum(task.is_active for task in service.tasks)
    if service.is_steady or len(service.deployments) > 1 or not len(serving) == active == service.desired:
        return service
    if primary.state == FAILED:
        return service
    if primary.state == IN_PROGRESS:
        done = f"ECS deployment {primary.id} completed."
        primary = replace(primary, state=COMPLETED, reason=done, failed_tasks=0, updated=clock.now)
        service = replace(service.with_deployment(primary), last_completed=primary)
        service = clock.tell(service, f"(deployment {primary.id}) deployment completed.")
    return replace(clock.tell(service, "has reached a steady state."), is_steady=True)


def is_unsettled(service: Service, now: float) -> bool:
    """Whether time alone will change something: what waits for a report does not."""
    waiting = service.next_start > now and service.primary.state != FAILED
    return waiting or any(
        task.status == DEACTIVATING or (task.is_active and task.health == "unhealthy") for task in service.tasks
    )


def _emptiest(subnets: Iterable[Subnet], tasks: list[Task]) -> Subnet:
    """In the zone with the fewest tasks of the service, the subnet with the fewest (spread is Fargate's strategy)."""
    zones = Counter(task.subnet.zone for task in tasks)
    used = Counter(task.subnet.id for task in tasks)
    return min(subnets, key=lambda subnet: (zones[subnet.zone], used[subnet.id]))


def _tell_stopped(service: Service, clock: Clock, tasks: list[Task]) -> Service:
    if not tasks:
        return service
    return clock.tell(service, f"has stopped {len(tasks)} running tasks: {_named(tasks)}.")


def _named(tasks: list[Task]) -> str:
    return " ".join(f"(task {task.id})" for task in tasks)
