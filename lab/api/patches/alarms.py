"""The state of an alarm: moto begins with OK, and begins anew with each change of the alarm.

API reference, PutMetricAlarm: a new alarm is INSUFFICIENT_DATA, and "when you update an existing alarm, its state is left
unchanged".
"""

from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from .patching import replaces


@replaces(CloudWatchBackend, "put_metric_alarm")
def put_metric_alarm(original: Any, backend: CloudWatchBackend, name: str, **named: Any) -> Alarm:
    before = backend.alarms.get(name)
    alarm: Alarm = original(backend, name=name, **named)
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
        alarm.state_reason_data, alarm.history = before.state_reason_data, before.history
        alarm.state_updated_timestamp = before.state_updated_timestamp
    return alarm
