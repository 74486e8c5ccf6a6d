"""What Application Auto Scaling does about a service whose policy tracks the average of the tasks' CPU: functions of what was
measured and the time, which is in seconds.

Sources: Application Auto Scaling user guide, "How target tracking scaling works"; ECS developer guide, "Use a target metric
to scale Amazon ECS services automatically" and "Automatically scale your Amazon ECS service". The alarms are those that AWS
makes: above the target in 3 minutes, and below 90 % of it in 15 minutes. AWS also allows a larger scale-out within the
cooldown of a smaller one, which is left out here.
"""

import math
from dataclasses import dataclass, replace

# Seconds that a minute of AWS's takes here, so that tests need not wait a quarter of an hour. Cooldowns are shorter alike.
MINUTE = 4.0
_OUT_AFTER, _IN_AFTER = 3, 15
_IN_BELOW = 0.9


@dataclass(frozen=True)
class Policy:
    least: int
    most: int
    # Percent of CPU.
    target: float
    # Of AWS's seconds.
    out_cooldown: float = 300
    in_cooldown: float = 300
    scales_in: bool = True


@dataclass(frozen=True)
class History:
    # The average of each of the last minutes, the newest one last.
    averages: tuple[float, ...] = ()
    measured: float = -math.inf
    scaled_out: float = -math.inf
    scaled_in: float = -math.inf


def measure(history: History, average: float, now: float) -> History:
    """One more minute. Minutes without a measurement are no reason to scale, so what was before them does not count."""
    is_next = now - history.measured <= 2 * MINUTE
    before = history.averages if is_next else ()
    return replace(history, averages=(*before, average)[-_IN_AFTER:], measured=now)


def wanted(policy: Policy, history: History, desired: int, is_deploying: bool, now: float) -> int:
    """The number of tasks from now on; `desired` if there is nothing to do. A service that is outside of the limits comes
    to the nearer one with a change in that direction only."""
    if _is_above(policy, history) and _is_over(history.scaled_out, policy.out_cooldown, now):
        needed = math.ceil(desired * history.averages[-1] / policy.target)
        return max(desired, min(max(needed, policy.least), policy.most))
    # ECS does not scale in while a deployment is under way.
    if not policy.scales_in or is_deploying or not _is_below(policy, history):
        return desired
    if not _is_over(history.scaled_in, policy.in_cooldown, now):
        return desired
    # AWS says that it scales in gradually: one at a time here, and none that the others could not do without.
    needed = max(math.ceil(desired * max(history.averages) / policy.target), desired - 1)
    return min(desired, min(max(needed, policy.least), policy.most))


def scaled(history: History, before: int, after: int, now: float) -> History:
    """After the number of tasks was changed."""
    if after > before:
        # It ends the cooldown of a scale-in.
        return replace(history, scaled_out=now, scaled_in=-math.inf)
    return replace(history, scaled_in=now) if after < before else history


def _is_above(policy: Policy, history: History) -> bool:
    last = history.averages[-_OUT_AFTER:]
    return len(last) == _OUT_AFTER and min(last) > policy.target


def _is_below(policy: Policy, history: History) -> bool:
    last = history.averages[-_IN_AFTER:]
    return len(last) == _IN_AFTER and max(last) < _IN_BELOW * policy.target


def _is_over(since: float, cooldown: float, now: float) -> bool:
    return now - since >= cooldown * MINUTE / 60
