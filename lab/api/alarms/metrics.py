"""What AWS's services report of themselves to CloudWatch: in the lab, its controller does so."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import utcnow
from moto.route53.models import route53_backends

import public_dns

Answer = dict[str, Any]
# AWS keeps values of a minute for 15 days; moto looks through all of them for each question.
_LAST = timedelta(hours=1)


def report(namespace: str, region: str, metrics: list[dict[str, Any]]) -> Answer:
    """Values as of now. AWS itself alone reports in a namespace that begins with AWS/."""
    backend = cloudwatch_backends[DEFAULT_ACCOUNT_ID][region]
    since = utcnow() - _LAST
    backend.metric_data = [each for each in backend.metric_data if each.namespace != namespace or time_of(each) > since]
    named = [
        {
            "MetricName": each["name"],
            "Dimensions": [{"Name": name, "Value": value} for name, value in each["dimensions"].items()],
            "Value": each["value"],
        }
        for each in metrics
    ]
    backend.put_metric_data(namespace, named)
    return {"metrics": len(metrics)}


def health_checks() -> Answer:
    """Those of Route 53, with the address at which a domain's endpoint is now; empty if it has none."""
    found = [
        check
        for account in route53_backends.values()
        for backend in account.values()
        for check in backend.health_checks.values()
    ]
    addresses = {each["name"]: each["address"] for each in public_dns.answers()["records"]} if found else {}
    return {
        "healthChecks": [
            {
                "id": check.id,
                "type": check.type_,
                "address": check.ip_address or addresses.get(public_dns.plain(check.fqdn or ""), ""),
                "domain": check.fqdn or "",
                "port": int(check.port),
                "path": check.resource_path or "/",
                "interval": int(check.request_interval),
                "threshold": int(check.failure_threshold),
                "sni": str(check.enable_sni).lower() == "true",
            }
            for check in found
        ]
    }


def time_of(datum: Any) -> datetime:
    """In UTC, without a zone, as moto's clock has it."""
    time: datetime = datum.timestamp
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def statistic(name: str, data: Iterable[MetricDatum | MetricAggregatedDatum]) -> float | None:
    """None if there is no value."""
    known = list(data)
    if not known:
        return None
    plain = [(each.value, each.value, each.value, 1.0) for each in known if isinstance(each, MetricDatum)]
    sets = [(each.min, each.max, each.sum, each.sample_count) for each in known if isinstance(each, MetricAggregatedDatum)]
    least, most, sums, counts = zip(*plain, *sets, strict=True)
    values = {"Minimum": min(least), "Maximum": max(most), "Sum": sum(sums), "SampleCount": sum(counts)}
    return sum(sums) / sum(counts) if name == "Average" else values[name]
