"""Evaluates the alarms of all accounts and regions each few seconds, and tells their topics of a new state.

Alarms of metric math, anomaly bands and composite ones are not evaluated. Of the actions, only topics are: an alarm that is to
recover an instance does nothing to it.
"""

import json
import threading
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.core.utils import utcnow
from moto.sns.models import Topic, sns_backends

import policies

from .evaluation import ALARM, INSUFFICIENT_DATA, MISSING, OK, Rule, evaluate
from .metrics import statistic, time_of

# AWS evaluates once a minute. Periods are the same here; only the waiting is shorter.
INTERVAL = 5.0


def start(lock: threading.Lock) -> None:
    """Goes on until the process ends. `lock` is held during each round."""

    def run() -> None:
        while True:
            # The interval is the clock's, not the load's: nothing is waited for that could be told.
            threading.Event().wait(INTERVAL)
            with lock:
                watch(utcnow())

    threading.Thread(target=run, daemon=True).start()


def watch(now: datetime) -> None:
    """One round, at a time of moto's clock."""
    for account in list(cloudwatch_backends.values()):
        for backend in list(account.values()):
            for alarm in list(backend.alarms.values()):
                if alarm.metric_name and alarm.statistic and not alarm.rule:
                    _evaluate(backend, alarm, now)


def rule_of(alarm: Alarm) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        datapoints=int(alarm.datapoints_to_alarm or periods),
        silence=alarm.treat_missing_data or MISSING,
    )


def _evaluate(backend: CloudWatchBackend, alarm: Alarm, now: datetime) -> None:
    rule = rule_of(alarm)
    state, reason = evaluate(rule, _points(backend, alarm, rule.range, now), alarm.state_value)
    if state == alarm.state_value:
        return
    alarm.update_state(reason, json.dumps({"version": "1.0", "threshold": rule.threshold}), state)
    actions = {ALARM: alarm.alarm_actions, OK: alarm.ok_actions, INSUFFICIENT_DATA: alarm.insufficient_data_actions}
    for action in actions[state] if alarm.actions_enabled else []:
        if action.startswith("arn:aws:sns:"):
            _publish(backend, alarm, action, reason, now)


def _points(backend: CloudWatchBackend, alarm: Alarm, count: int, now: datetime) -> list[float | None]:
    """Of as many whole periods up to the last full minute, the oldest first."""
    period = timedelta(seconds=int(alarm.period))
    end = now.replace(second=0, microsecond=0)
    start = end - count * period
    wanted = {each.name: each.value for each in alarm.dimensions}
    by_period: list[list[Any]] = [[] for _ in range(count)]
    for datum in backend.metric_data:
        if datum.namespace != alarm.namespace or datum.name != alarm.metric_name:
            continue
        time = time_of(datum)
        if start <= time < end and {each.name: each.value for each in datum.dimensions} == wanted:
            by_period[(time - start) // period].append(datum)
    return [statistic(alarm.statistic, each) for each in by_period]


def _publish(backend: CloudWatchBackend, alarm: Alarm, topic_arn: str, reason: str, now: datetime) -> None:
    account, region = backend.account_id, backend.region_name
    # An alarm cannot publish in another region: SNS there does not know the topic.
    topic = sns_backends[account][region].topics.get(topic_arn)
    if topic is None or not _may_publish(topic, account, alarm.alarm_arn):
        return
    state = alarm.state_value
    text = [
        f'Your Amazon CloudWatch Alarm "{alarm.name}" in the {region} region has entered the {state} state,',
        f'because "{reason}" at "{now:%A %d %B, %Y %H:%M:%S} UTC".\n',
        f"Description: {alarm.description or ''}",
        f"Alarm: {alarm.alarm_arn}",
    ]
    topic.publish("\n".join(text), subject=f'{state}: "{alarm.name}" in {region}'[:100])


def _may_publish(topic: Topic, account: str, alarm_arn: str) -> bool:
    """Whether the topic's policy lets the alarm publish, and its key lets CloudWatch use it.

    SNS developer guide, "Managing Amazon SNS encryption keys and costs": the policy of AWS's own key lets no service publish.
    """
    if topic.kms_master_key_id == "alias/aws/sns":
        return False
    context = {"aws:sourceaccount": account, "aws:sourceowner": account, "aws:sourcearn": alarm_arn}
    stated = [each for each in policies.statements(json.loads(topic.policy)) if _is_for_alarms(each)]
    return policies.decision(stated, "sns:publish", topic.arn, context) is True


def _is_for_alarms(statement: policies.Statement) -> bool:
    principal = statement["Principal"]
    if principal == "*":
        return True
    named = [*_list(principal.get("Service", [])), *_list(principal.get("AWS", []))]
    return "*" in named or "cloudwatch.amazonaws.com" in named


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
