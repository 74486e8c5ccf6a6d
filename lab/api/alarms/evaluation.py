"""When an alarm changes its state: a function of the data points and the present state.

Source: CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data", whose tables
are the tests.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
BREACHING, NOT_BREACHING, IGNORE, MISSING = "breaching", "notBreaching", "ignore", "missing"

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
# Data points that are looked at beyond the evaluation periods. AWS says that there are more, and its examples have two.
_MORE = 2


@dataclass(frozen=True)
class Rule:
    comparison: str
    threshold: float
    # N: the data points that count.
    periods: int
    # M: those of them that must breach the threshold.
    datapoints: int
    silence: str

    @property
    def range(self) -> int:
        """Periods whose data points are looked at."""
        return self.periods + _MORE

    def breaches(self, value: float) -> bool:
        return _COMPARISONS[self.comparison][0](value, self.threshold)


def evaluate(rule: Rule, points: Sequence[float | None], state: str) -> tuple[str, str]:
    """The new state, which may be the present one, and the reason. `points` are those of the evaluation range, the oldest
    first; None is a missing one."""
    real = [point for point in points if point is not None]
    counted = real[-rule.periods :]
    breaching = sum(map(rule.breaches, counted))
    lacking = rule.periods - len(counted)
    if lacking > 0:
        return _with_missing(rule, points, counted, breaching, lacking, state)
    return (ALARM if breaching >= rule.datapoints else OK), _reason(rule, counted, breaching)


def _with_missing(
    rule: Rule, points: Sequence[float | None], counted: list[float], breaching: int, lacking: int, state: str
) -> tuple[str, str]:
    reason = _reason(rule, counted, breaching, lacking)
    if rule.silence == BREACHING:
        return (ALARM if breaching + lacking >= rule.datapoints else OK), reason
    if rule.silence == NOT_BREACHING:
        return (ALARM if breaching >= rule.datapoints else OK), reason
    if not counted:
        return (state if rule.silence == IGNORE else INSUFFICIENT_DATA), reason
    if breaching >= rule.datapoints:
        return ALARM, reason
    if breaching < len(counted):
        return OK, reason
    # All that is there breaches, but too little is there. With "missing" that is an alarm once it is old enough.
    oldest = next(age for age, point in zip(range(len(points), 0, -1), points, strict=True) if point is not None)
    return (ALARM if rule.silence == MISSING and oldest >= rule.datapoints else state), reason


def _reason(rule: Rule, counted: list[float], breaching: int, lacking: int = 0) -> str:
    words = _COMPARISONS[rule.comparison][1]
    values = ", ".join(f"{value:g}" for value in reversed(counted))
    if lacking == 0:
        crossed = f"{breaching} out of the last {rule.periods} datapoints [{values}] were {words}"
        return f"Threshold Crossed: {crossed} the threshold ({rule.threshold:g})."
    if not counted and rule.silence == MISSING:
        return "Insufficient Data: no datapoints were received."
    missing = f"{lacking} missing datapoints were treated as [{rule.silence}]"
    return f"{len(counted)} datapoints [{values}] and {missing}; the threshold is {rule.threshold:g}."
