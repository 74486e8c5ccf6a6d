"""A service with its deployments and tasks, as values. Times are seconds since 1970."""

import math
from dataclasses import dataclass, replace

# ECS developer guide, "Amazon ECS task lifecycle". The lab leaves out PENDING, ACTIVATING and DEPROVISIONING.
PROVISIONING, RUNNING = "PROVISIONING", "RUNNING"
DEACTIVATING, STOPPING, STOPPED = "DEACTIVATING", "STOPPING", "STOPPED"
# API reference, "Deployment".
PRIMARY, ACTIVE = "PRIMARY", "ACTIVE"
IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
# API reference, "Task": how long a stopped task is described at least.
STOPPED_TASKS_LAST = 3600


@dataclass(frozen=True)
class Subnet:
    id: str
    zone: str


@dataclass(frozen=True)
class Task:
    id: str
    deployment: str
    task_definition: str
    subnet: Subnet
    created: float
    status: str = PROVISIONING
    desired: str = RUNNING
    started: float | None = None
    # Of its target: initial, healthy or unhealthy, with the reason; None: it is not registered.
    health: str | None = None
    health_reason: str = ""
    # Whether it ever did what its deployment needs: run, and be healthy if there is a load balancer.
    passed: bool = False
    # When its target's deregistration delay ends.
    drained: float | None = None
    stopped: float | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    exit_code: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it counts against the maximum percent: it runs or is on its way to."""
        return self.desired == RUNNING


@dataclass(frozen=True)
class Deployment:
    id: str
    task_definition: str
    subnets: tuple[Subnet, ...]
    group_ids: tuple[str, ...]
    created: float
    updated: float
    status: str = PRIMARY
    state: str = IN_PROGRESS
    reason: str = ""
    failed_tasks: int = 0


@dataclass(frozen=True)
class Event:
    id: str
    time: float
    message: str


@dataclass(frozen=True)
class Service:
    name: str
    desired: int
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaks: bool = False
    rolls_back: bool = False
    grace: float = 0
    # ARN of the target group, None without a load balancer, and the port of its targets.
    target_group: str | None = None
    port: int = 0
    deregistration_delay: float = 300
    # The primary one first.
    deployments: tuple[Deployment, ...] = ()
    tasks: tuple[Task, ...] = ()
    # The newest first.
    events: tuple[Event, ...] = ()
    last_completed: Deployment | None = None
    is_steady: bool = False
    is_draining: bool = False
    # Tasks in a row that did not come to run, and when the next may start.
    failed_starts: int = 0
    next_start: float = 0

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    def tasks_of(self, deployment: Deployment) -> list[Task]:
        return [task for task in self.tasks if task.deployment == deployment.id]

    def task(self, task_id: str) -> Task | None:
        return next((task for task in self.tasks if task.id == task_id), None)

    def serves(self, task: Task) -> bool:
        """Whether the task counts towards the minimum healthy percent.

        API reference, "DeploymentConfiguration": with a load balancer a task counts once its target is healthy.
        """
        if not task.is_active or task.status != RUNNING:
            return False
        return self.target_group is None or task.health == "healthy"

    def is_failing(self, task: Task, now: float) -> bool:
        """Whether its target is unhealthy after the grace period, which begins when the task runs."""
        if not task.is_active or task.health != "unhealthy" or task.started is None:
            return False
        return now >= task.started + self.grace

    @property
    def least(self) -> int:
        """Tasks that must serve during a deployment: the percentage rounded up (API reference)."""
        return math.ceil(self.desired * self.minimum_percent / 100)

    @property
    def most(self) -> int:
        """Tasks that may be active during a deployment: the percentage rounded down (API reference)."""
        return math.floor(self.desired * self.maximum_percent / 100)

    @property
    def threshold(self) -> int:
        """Failed tasks that fail a deployment: half of the desired count, at least 3, at most 200.

        ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures".
        """
        return min(max(3, math.ceil(self.desired / 2)), 200)

    def with_task(self, task: Task) -> "Service":
        return replace(self, tasks=tuple(task if each.id == task.id else each for each in self.tasks))

    def with_deployment(self, deployment: Deployment) -> "Service":
        changed = tuple(deployment if each.id == deployment.id else each for each in self.deployments)
        return replace(self, deployments=changed)

    def with_event(self, now: float, message: str, event_id: str) -> "Service":
        event = Event(event_id, now, f"(service {self.name}) {message}")
        # DescribeServices shows the 100 newest.
        return replace(self, events=(event, *self.events)[:100])
