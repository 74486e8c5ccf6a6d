"""The permissions of the calls of Route 53, whose actions are HTTP methods and paths."""

import re
from collections.abc import Callable

import policies
from rights.need import Call, Need

_ZONE = "arn:aws:route53:::hostedzone/"
_CHECK = "arn:aws:route53:::healthcheck/"
# Route 53 API reference: method, path after the version, action, what its ARN begins with, if it has one.
_ROUTE53 = (
    ("GET", r"hostedzone", "ListHostedZones", ""),
    ("GET", r"hostedzonesbyname", "ListHostedZonesByName", ""),
    ("GET", r"hostedzone/([^/]+)", "GetHostedZone", _ZONE),
    ("GET", r"hostedzone/([^/]+)/rrset", "ListResourceRecordSets", _ZONE),
    ("POST", r"hostedzone/([^/]+)/rrset", "ChangeResourceRecordSets", _ZONE),
    ("GET", r"change/([^/]+)", "GetChange", "arn:aws:route53:::change/"),
    ("POST", r"healthcheck", "CreateHealthCheck", ""),
    ("GET", r"healthcheck/([^/]+)", "GetHealthCheck", _CHECK),
    ("POST", r"healthcheck/([^/]+)", "UpdateHealthCheck", _CHECK),
    ("DELETE", r"healthcheck/([^/]+)", "DeleteHealthCheck", _CHECK),
    ("GET", r"tags/hostedzone/([^/]+)", "ListTagsForResource", _ZONE),
    ("GET", r"tags/healthcheck/([^/]+)", "ListTagsForResource", _CHECK),
    ("POST", r"tags/healthcheck/([^/]+)", "ChangeTagsForResource", _CHECK),
)


def _records(call: Call) -> policies.Context:
    """The names of the records that a call changes. Route 53 developer guide, "Using IAM policy conditions for
    fine-grained access control"."""
    names = re.findall(r"<ResourceRecordSet>.*?<Name>(.*?)</Name>", call.body.decode(), re.S)
    normal = "\n".join(name.lower().rstrip(".") for name in names)
    return {"route53:changeresourcerecordsetsnormalizedrecordnames": normal}


def _route53(call: Call) -> list[Need]:
    path = re.sub(r"^/\d{4}-\d{2}-\d{2}/", "", call.path).rstrip("/")
    for method, pattern, action, arn in _ROUTE53:
        match = re.fullmatch(pattern, path)
        if match and method == call.method:
            resource = f"{arn}{match[1]}" if arn else "*"
            return [Need(f"route53:{action}", resource, _records(call) if action == "ChangeResourceRecordSets" else {})]
    raise NotImplementedError(f"the lab does not know Route 53's {call.method} {path}")


def needs(service: str, call: Call) -> list[Need]:
    return SERVICES[service](call)


SERVICES: dict[str, Callable[[Call], list[Need]]] = {"route53": _route53}
