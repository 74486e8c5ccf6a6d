"""The quotas that a new stack takes from, and a change of one. moto knows VPC's only, and as of another region.

The API does not enforce them: it counts nothing, and creates beyond them.
"""

import json
from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from .patching import replaces

# AWS's defaults, but for the vCPUs: it begins with 5, and raises that by itself as an account is used.
DEFAULTS = {
    ("vpc", "L-F678F1CE"): ("VPCs per Region", 5.0),
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5.0),
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 32.0),
}
SERVICES = {
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
}
_applied: dict[str, float] = {}


def apply(code: str, value: float) -> dict[str, Any]:
    """From now on the quota of that code is `value`, in every region."""
    _applied[code] = value
    return {"code": code, "value": value}


def quota(backend: ServiceQuotasBackend, service: str, code: str) -> dict[str, Any] | None:
    """The default, as AWS words it; None for one that is not in the table."""
    if (service, code) not in DEFAULTS:
        return None
    name, value = DEFAULTS[service, code]
    return {
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaArn": f"arn:aws:servicequotas:{backend.region_name}::{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "ServiceCode": service,
        "ServiceName": SERVICES[service],
        "Unit": "None",
        "Value": value,
    }


@replaces(ServiceQuotasBackend, "get_service_quota")
def get_service_quota(original: Any, backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    found = quota(backend, service_code, quota_code)
    if found is None:
        return dict(original(backend, service_code, quota_code))
    # The ARN of a quota that is in force names the account.
    arn = found["QuotaArn"].replace("::", f":{backend.account_id}:")
    return found | {"QuotaArn": arn, "Value": _applied.get(quota_code, found["Value"])}


def get_aws_default_service_quota(response: ServiceQuotasResponse) -> str:
    asked = json.loads(response.body)
    service, code = asked["ServiceCode"], asked["QuotaCode"]
    found = quota(response.backend, service, code) or response.backend.get_service_quota(service, code)
    return json.dumps({"Quota": found})


# moto has no such action.
ServiceQuotasResponse.get_aws_default_service_quota = get_aws_default_service_quota  # type: ignore[attr-defined]
