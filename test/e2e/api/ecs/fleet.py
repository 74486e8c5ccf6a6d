"""A service under test, with a controller and a load balancer that do as they are told, and a clock that is set."""

import itertools
from dataclasses import replace
from typing import Any

from ecs import reports
from ecs.clock import Clock
from ecs.model import RUNNING, STOPPED, STOPPING, Deployment, Service, Subnet, Task
from ecs.scheduler import step

SUBNETS = (Subnet("subnet-a", "a"), Subnet("subnet-b", "b"))


class Fleet:
    """Starts with a first deployment of `app:1` that is not settled yet."""

    def __init__(self, desired: int = 3, **settings: Any) -> None:
        self.now = 1000.0
        self._numbers = itertools.count(1)
        defaults: dict[str, Any] = {
            "target_group": "tg", "port": 5000, "deregistration_delay": 20, "breaks": True, "rolls_back": True
        }  # fmt: skip
        self.service = Service("app", desired, **(defaults | settings))
        self.deploy("app:1")

    @property
    def clock(self) -> Clock:
        return Clock(self.now, lambda: f"{next(self._numbers):03}", lambda: str(next(self._numbers)))

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.service = step(self.service, self.clock)

    def deploy(self, definition: str) -> None:
        self.service = reports.deploy(self.service, self.clock, definition, SUBNETS, ())
        self.step()

    def scale(self, desired: int) -> None:
        self.service = reports.scale(self.service, self.clock, desired)
        self.step()

    def active(self, definition: str = "") -> list[Task]:
        return [each for each in self.service.tasks if each.is_active and definition in each.task_definition]

    def run(self, *tasks: Task) -> None:
        """The tasks' containers run, and the load balancer checks them."""
        for task in tasks:
            self.service = reports.running(self.service, self.clock, task.id)
        self.step()

    def health(self, is_healthy: bool, *tasks: Task, reason: str = "Health checks failed") -> None:
        for task in tasks:
            self.service = reports.health(self.service, task.id, is_healthy, reason)
        self.step()

    def end(self, task: Task, exit_code: int | None, reason: str = "") -> None:
        self.service = reports.stopped(self.service, self.clock, task.id, exit_code, reason)
        self.step()

    def stop_signalled(self) -> None:
        """Every container that has got SIGTERM ends."""
        for task in self.service.tasks:
            if task.status == STOPPING:
                self.end(task, 0)

    def start_healthy(self) -> None:
        """Whatever is started runs and is healthy, until nothing is left to do but to wait."""
        while fresh := [task for task in self.active() if task.status != RUNNING]:
            self.run(*fresh)
            self.health(True, *fresh)
            self.stop_signalled()

    def settle(self) -> "Fleet":
        self.start_healthy()
        self.step(self.service.deregistration_delay)
        self.stop_signalled()
        return self

    def crash(self, definition: str) -> None:
        """The newest task of the definition ends before its container runs long enough to be checked."""
        task = self.active(definition)[-1]
        self.run(task)
        self.end(task, 1)

    def serving(self) -> int:
        return sum(self.service.serves(task) for task in self.service.tasks)

    def stopped(self) -> list[Task]:
        return [task for task in self.service.tasks if task.status == STOPPED]

    def task(self, task: Task) -> Task:
        found = self.service.task(task.id)
        assert found is not None
        return found

    def primary(self) -> Deployment:
        return self.service.primary

    def events(self) -> list[str]:
        """Oldest first, without the service's name; ids of tasks and deployments are one letter."""
        return [event.message.removeprefix("(service app) ") for event in reversed(self.service.events)]

    def forget_events(self) -> None:
        self.service = replace(self.service, events=())
