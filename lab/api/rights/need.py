"""A call as its judge sees it, and one permission that it needs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import policies

Tags = dict[str, str]


@dataclass(frozen=True)
class Need:
    action: str
    resource: str
    # Condition keys of this service, in lower case.
    context: policies.Context = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request to a service. `service` is what it is signed for, `action` what the protocol calls it, if it does."""

    service: str
    action: str
    region: str
    account: str
    method: str
    path: str
    query: str
    body: bytes

    def arn(self, service: str, name: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def role(self, role: str) -> str:
        return role if role.startswith("arn:") else f"arn:aws:iam::{self.account}:role/{role}"

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @cached_property
    def json(self) -> dict[str, Any]:
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def values(self, parameter: str) -> list[str]:
        """Of a form's parameter, which may be a list: Name, Name.1 or Name.member.1."""
        return [
            value
            for name, value in self.form.items()
            if name == parameter or name.removeprefix(f"{parameter}.").removeprefix("member.").isdecimal()
        ]


def tagged(resource: Tags | None = None, request: Tags | None = None) -> policies.Context:
    """The condition keys of the tags that a resource has, and of those that a call gives it."""
    context: policies.Context = {}
    if resource is not None:
        context |= {f"aws:resourcetag/{key.lower()}": value for key, value in resource.items()}
        context[policies.RESOURCE_TAGS] = "known"
    if request is not None:
        context |= {f"aws:requesttag/{key.lower()}": value for key, value in request.items()}
        context[policies.REQUEST_TAGS] = "known"
    return context


def pairs(tags: Iterable[dict[str, Any]]) -> Tags:
    """From a list of {Key, Value}, in any case of letters."""
    lowered = [{name.lower(): value for name, value in tag.items()} for tag in tags]
    return {tag["key"]: str(tag.get("value") or "") for tag in lowered}
