"""The watcher over moto's alarms, metrics and topics, at times of the test's choice."""

import json
import unittest
from datetime import datetime, timedelta

import application  # noqa: F401  # it replaces functions of moto
from alarms import metrics, watcher
from moto.cloudwatch.models import Alarm, MetricDatum, cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.sns.models import sns_backends
from patches import topics

REGION = "us-west-2"
ADDRESS = "ops@example.com"
BEGIN = datetime(2026, 1, 2, 3, 0)


class Watcher(unittest.TestCase):
    def setUp(self) -> None:
        self.sns = sns_backends[ACCOUNT][REGION]
        self.cloudwatch = cloudwatch_backends[ACCOUNT][REGION]
        self.sns.reset()
        self.cloudwatch.reset()
        topics._mails.clear()
        self.topic = self.sns.create_topic("alarms")
        self.sns.subscribe(self.topic.arn, ADDRESS, "email")
        topics.confirm(ADDRESS)
        topics._mails.clear()
        self.alarm = self.put()

    def put(self, **changed: object) -> Alarm:
        settings: dict[str, object] = {
            "name": "stack-connections",
            "namespace": "AWS/RDS",
            "metric_name": "DatabaseConnections",
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "evaluation_periods": 2,
            "period": 60,
            "threshold": 47,
            "statistic": "Maximum",
            "description": "too many",
            "dimensions": [{"Name": "DBInstanceIdentifier", "Value": "db"}],
            "alarm_actions": [self.topic.arn],
            "ok_actions": [self.topic.arn],
        }
        return self.cloudwatch.put_metric_alarm(**(settings | changed))

    def measure(self, minute: float, value: float, database: str = "db") -> None:
        dimensions = [{"Name": "DBInstanceIdentifier", "Value": database}]
        time = BEGIN + timedelta(minutes=minute)
        self.cloudwatch.metric_data.append(MetricDatum("AWS/RDS", "DatabaseConnections", value, dimensions, time))

    def at(self, minute: float) -> str:
        watcher.watch(BEGIN + timedelta(minutes=minute))
        state: str = self.cloudwatch.alarms["stack-connections"].state_value
        return state

    def subjects(self) -> list[str]:
        return [mail["subject"] for mail in topics.mailbox(ADDRESS)["mails"]]

    def test_begins_without_data_and_tells_each_change_once(self) -> None:
        self.assertEqual(self.at(1), "INSUFFICIENT_DATA")
        self.measure(1.2, 3)
        self.assertEqual(self.at(1.9), "INSUFFICIENT_DATA")
        self.assertEqual(self.at(2), "OK")
        for minute in (2.1, 3.1):
            self.measure(minute, 50)
        self.assertEqual(self.at(3.5), "OK")
        self.assertEqual(self.at(4), "ALARM")
        self.assertEqual(self.at(4.5), "ALARM")
        self.measure(4.6, 3)
        self.assertEqual(self.at(5), "OK")
        name = '"stack-connections" in us-west-2'
        self.assertEqual(self.subjects(), [f"OK: {name}", f"ALARM: {name}", f"OK: {name}"])
        text = topics.mailbox(ADDRESS)["mails"][1]["text"]
        self.assertIn("2 out of the last 2 datapoints [50, 50]", text)
        self.assertIn("Description: too many", text)

    def test_takes_the_statistic_of_each_period(self) -> None:
        for minute, value in ((1.1, 50.0), (1.5, 0.0), (2.1, 0.0), (2.5, 50.0)):
            self.measure(minute, value)
        self.assertEqual(self.at(3), "ALARM")
        self.put(statistic="Average")
        self.assertEqual(self.at(3), "OK")
        self.put(statistic="Sum")
        self.assertEqual(self.at(3), "ALARM")
        self.put(statistic="Minimum")
        self.assertEqual(self.at(3), "OK")

    def test_other_metrics_do_not_count(self) -> None:
        for minute in (1, 2):
            self.measure(minute, 50, "another")
        self.assertEqual(self.at(3), "INSUFFICIENT_DATA")

    def test_a_change_of_the_alarm_keeps_its_state(self) -> None:
        for minute in (1, 2):
            self.measure(minute, 50)
        self.assertEqual(self.at(3), "ALARM")
        self.assertEqual(self.put(threshold=48).state_value, "ALARM")
        self.at(3)
        self.assertEqual(len(self.subjects()), 1)

    def test_tells_nobody_whose_address_is_not_confirmed_and_nothing_without_the_right_to(self) -> None:
        self.sns.subscribe(self.topic.arn, "other@example.com", "email")
        source = {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:other-*"}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": self.topic.arn,
            "Condition": source,
        }
        for minute in (1, 2):
            self.measure(minute, 50)
        self.topic.policy = json.dumps({"Statement": [statement]})
        self.assertEqual(self.at(3), "ALARM")
        self.assertEqual(self.subjects(), [])
        source["ArnLike"]["aws:SourceArn"] = self.alarm.alarm_arn.replace("connections", "*")
        self.topic.policy = json.dumps({"Statement": [statement]})
        self.measure(3.1, 1)
        self.assertEqual(self.at(4), "OK")
        self.assertEqual(len(self.subjects()), 1)
        first = topics.mailbox("other@example.com")["mails"]
        self.assertEqual([mail["subject"] for mail in first], ["AWS Notification - Subscription Confirmation"])

    def test_a_topic_with_the_key_of_aws_gets_nothing(self) -> None:
        self.topic.kms_master_key_id = "alias/aws/sns"
        for minute in (1, 2):
            self.measure(minute, 50)
        self.assertEqual(self.at(3), "ALARM")
        self.assertEqual(self.subjects(), [])

    def test_reports_of_services_are_kept_for_an_hour(self) -> None:
        report = {"name": "DatabaseConnections", "dimensions": {"DBInstanceIdentifier": "db"}, "value": 5}
        self.measure(0, 1)
        metrics.report("AWS/RDS", REGION, [report])
        self.assertEqual([each.value for each in self.cloudwatch.metric_data], [5.0])


if __name__ == "__main__":
    unittest.main()
