"""The time of a step, and the ids of what is new in it: what keeps the scheduler's functions pure."""

from collections.abc import Callable
from dataclasses import dataclass

from .model import Service


@dataclass(frozen=True)
class Clock:
    now: float
    # A new UUID, and 19 random digits, as AWS numbers deployments.
    new_id: Callable[[], str]
    new_number: Callable[[], str]

    def tell(self, service: Service, message: str) -> Service:
        """The service with one more event."""
        return service.with_event(self.now, message, self.new_id())

    def task_id(self) -> str:
        return self.new_id().replace("-", "")

    def deployment_id(self) -> str:
        return f"ecs-svc/{self.new_number()}"
