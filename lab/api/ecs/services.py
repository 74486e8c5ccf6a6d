"""Services as moto keeps them, each with the lab's model of it, and the tick that brings them on."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.moto_api._internal import mock_random

from patches.lifecycle import HAS_WORLD

from . import model, reports, scheduler, targets
from .clock import Clock
from .tasks import PLATFORM, TaskEntry, moment


class NoSuchTask(Exception):
    """No service has such a task."""


def clock() -> Clock:
    digits = lambda: "".join(str(mock_random.randint(0, 9)) for _ in range(19))  # noqa: E731
    return Clock(time.time(), lambda: str(mock_random.uuid4()), digits)


def all_entries() -> Iterator[tuple[EC2ContainerServiceBackend, Any]]:
    """Every service that is not INACTIVE."""
    for account in ecs_backends.values():
        for backend in account.values():
            for entry in list(backend.services.values()):
                if entry.status != "INACTIVE" and hasattr(entry, "lab"):
                    yield backend, entry


def all_tasks() -> list[TaskEntry]:
    """Every task that is not stopped."""
    return [
        task
        for backend, entry in all_entries()
        for task in tasks_of(backend, entry).values()
        if task.last_status != model.STOPPED
    ]


def tasks_of(backend: EC2ContainerServiceBackend, entry: Any) -> dict[str, TaskEntry]:
    """By id."""
    found: Iterable[Any] = backend.tasks.get(entry.cluster_name, {}).values()
    return {task.id: task for task in found if isinstance(task, TaskEntry) and task.service is entry}


def tick() -> bool:
    """Does what can be done now for every service; whether anything is different since the last tick."""
    # No generator: each is to be brought on.
    return any([_bring_on(backend, entry) for backend, entry in all_entries()])


def is_unsettled() -> bool:
    """Whether time alone will change something."""
    now = time.time()
    return any(scheduler.is_unsettled(entry.lab, now) for _, entry in all_entries())


def report_task(task_id: str, status: str, exit_code: int | None, reason: str) -> None:
    """The controller's report of a container. Raises NoSuchTask."""
    for _, entry in all_entries():
        if entry.lab.task(task_id) is None:
            continue
        if status == "running":
            entry.lab = reports.running(entry.lab, clock(), task_id)
        else:
            entry.lab = reports.stopped(entry.lab, clock(), task_id, exit_code, reason)
        return
    raise NoSuchTask(f"there is no task {task_id}")


def report_health(group: str, address: str, is_healthy: bool, reason: str) -> None:
    """The load balancer's report of a target; one that is gone changes nothing."""
    for backend, entry in all_entries():
        if entry.lab.target_group == group:
            for task in tasks_of(backend, entry).values():
                if task.interface is not None and task.interface.private_ip_address == address:
                    entry.lab = reports.health(entry.lab, task.id, is_healthy, reason)


def _bring_on(backend: EC2ContainerServiceBackend, entry: Any) -> bool:
    before = getattr(entry, "shown", None)
    _look_up_delay(backend, entry)
    entry.lab = scheduler.step(entry.lab, clock())
    _show(backend, entry)
    if not HAS_WORLD:
        while _play_controller(entry, tasks_of(backend, entry)):
            entry.lab = scheduler.step(entry.lab, clock())
            _show(backend, entry)
    return bool(entry.lab != before)


def _look_up_delay(backend: EC2ContainerServiceBackend, entry: Any) -> None:
    service = entry.lab
    group = targets.find_group(backend.account_id, backend.region_name, service.target_group or "")
    if group is not None:
        entry.lab = replace(service, deregistration_delay=targets.deregistration_delay(group))


def _play_controller(entry: Any, tasks: dict[str, TaskEntry]) -> bool:
    """Without a controller every container starts, is healthy and ends at once."""
    before = entry.lab
    for task in before.tasks:
        if task.status == model.PROVISIONING and task.is_active:
            problem = tasks[task.id].launch.problem
            if problem:
                entry.lab = reports.stopped(entry.lab, clock(), task.id, None, problem)
            else:
                entry.lab = reports.running(entry.lab, clock(), task.id)
                entry.lab = reports.health(entry.lab, task.id, True, "")
        elif task.status == model.STOPPING:
            entry.lab = reports.stopped(entry.lab, clock(), task.id, 0, "")
    return bool(entry.lab != before)


def _show(backend: EC2ContainerServiceBackend, entry: Any) -> None:
    """Puts the model's state into what moto describes."""
    service: model.Service = entry.lab
    entry.shown = service
    kept: dict[str, Any] = backend.tasks.setdefault(entry.cluster_name, {})
    own = tasks_of(backend, entry)
    for task in service.tasks:
        if task.id in own:
            own[task.id].show(task)
        else:
            deployment = next(each for each in service.deployments if each.id == task.deployment)
            own[task.id] = made = TaskEntry(backend, entry, task, deployment.group_ids)
            kept[made.task_arn] = made
    for task_id in own.keys() - {task.id for task in service.tasks}:
        del kept[own[task_id].task_arn]
    _show_counts(entry, service)
    _show_targets(backend, service, own)
    if service.is_draining and all(task.status == model.STOPPED for task in service.tasks):
        entry.status = "INACTIVE"


def _show_counts(entry: Any, service: model.Service) -> None:
    active = [task for task in service.tasks if task.is_active]
    entry.desired_count = service.desired
    entry.running_count = sum(task.status == model.RUNNING for task in active)
    entry.pending_count = len(active) - entry.running_count
    entry.task_definition = service.primary.task_definition
    entry.events = [{"id": each.id, "createdAt": moment(each.time), "message": each.message} for each in service.events]
    entry.deployments = [_deployment(entry, service, each) for each in service.deployments]


def _deployment(entry: Any, service: model.Service, deployment: model.Deployment) -> dict[str, Any]:
    active = [task for task in service.tasks_of(deployment) if task.is_active]
    running = sum(task.status == model.RUNNING for task in active)
    network = entry.network_configuration or {}
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition,
        "desiredCount": service.desired if deployment.status == model.PRIMARY else len(active),
        "pendingCount": len(active) - running,
        "runningCount": running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": moment(deployment.created),
        "updatedAt": moment(deployment.updated),
        "launchType": entry.launch_type,
        "platformVersion": PLATFORM,
        "platformFamily": "Linux",
        "networkConfiguration": network,
        "rolloutState": deployment.state,
        "rolloutStateReason": deployment.reason,
    }


def _show_targets(backend: EC2ContainerServiceBackend, service: model.Service, own: dict[str, TaskEntry]) -> None:
    group = targets.find_group(backend.account_id, backend.region_name, service.target_group or "")
    if group is None:
        return
    registered = {
        own[task.id].interface.private_ip_address: task
        for task in service.tasks
        if task.health is not None and own[task.id].interface is not None
    }
    targets.show(group, service.name, service.port, registered)
