"""What AWS says of its actions: the kinds of resources that each can be limited to."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def _definition() -> dict[str, list[dict[str, Any]]]:
    """By prefix; a service of two generations has two entries. Read without parliament's code, which takes a second."""
    spec = find_spec("parliament")
    assert spec and spec.origin
    services = json.loads((Path(spec.origin).parent / "iam_definition.json").read_text())
    found: dict[str, list[dict[str, Any]]] = {}
    for service in services:
        found.setdefault(service["prefix"], []).append(service)
    return found


@cache
def resource_types(service: str, action: str) -> dict[str, frozenset[str]]:
    """The condition keys of each kind of resource of an action; a kind that the action always has ends with `*`.

    Raises NotImplementedError for an action that AWS does not have.
    """
    found: dict[str, frozenset[str]] = {}
    known = False
    for each in _definition().get(service, []):
        for privilege in each["privileges"]:
            if privilege["privilege"] == action:
                known = True
                for kind in privilege["resource_types"]:
                    if kind["resource_type"]:
                        found[kind["resource_type"]] = frozenset(kind["condition_keys"])
    if not known:
        raise NotImplementedError(f"the lab does not know the action {service}:{action}")
    return found


def kinds(service: str, action: str) -> set[str]:
    return {kind.removesuffix("*").rstrip("/") for kind in resource_types(service, action)}
