"""What takes time at AWS takes, with a controller behind the API, the time that the controller needs.

An instance is `pending` until the controller reports `running`, and so on. Without a controller (LAB_CONTROLLER is not 1)
each change is complete at once.
"""

import os
import time
from collections.abc import Callable

HAS_WORLD = os.environ.get("LAB_CONTROLLER") == "1"


class NotAwaited(Exception):
    """The controller reported a status that the resource is not on its way to."""


# By resource: the status awaited, what follows from it, and what follows if the controller gives up instead.
_awaited: dict[str, tuple[str, Callable[[], None], Callable[[], None] | None]] = {}
_reached: dict[str, str] = {}
# By status: seconds that each way to it takes at least; by resource: when its own way may end.
_least: dict[str, float] = {}
_earliest: dict[str, float] = {}


def delay(status: str, seconds: float) -> dict[str, object]:
    """From now on, what sets out for that status reaches it after so many seconds, as at AWS, and not before."""
    _least[status] = seconds
    return {"status": status, "seconds": seconds}


def settle(
    resource: str, status: str, finish: Callable[[], None], give_up: Callable[[], None] | None = None
) -> None:
    """Calls `finish` once the controller has reported `status` of the resource, or `give_up` if it reports "failed".

    A later change takes its place.
    """
    if HAS_WORLD:
        _awaited[resource] = (status, finish, give_up)
        _earliest[resource] = time.monotonic() + _least.get(status, 0)
    else:
        finish()


def awaiting(status: str) -> list[str]:
    """Resources of which the controller has yet to report `status`."""
    return [resource for resource, (expected, *_) in _awaited.items() if expected == status]


def report(resource: str, status: str) -> None:
    """The controller's report. A repeated one changes nothing. Raises NotAwaited."""
    expected, finish, give_up = _awaited.get(resource, (None, None, None))
    if finish is None and _reached.get(resource) == status:
        return
    if status == "failed" and give_up is not None:
        finish = give_up
    elif finish is None or status != expected:
        raise NotAwaited(f"{resource} was reported {status}, and what is awaited is {expected or 'nothing'}")
    elif time.monotonic() < _earliest[resource]:
        # The controller, which looks again and again, reports it again.
        raise NotAwaited(f"{resource} is not to be {status} yet, by POST /_lab/delay")
    del _awaited[resource]
    _reached[resource] = status
    finish()
