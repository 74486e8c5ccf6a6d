"""Checks the policies of policies/ with parliament: that AWS has each action, and that the action knows the resources
and the condition keys beside it.
usage: $LAB_VENV/bin/python .ci/check_policies.py
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parliament import analyze_policy_string, enhance_finding

# Findings that are none, each with its reason.
_ACCEPTED = {
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION": "who runs `up` has the stack's SSH key and its database's password anyway",
    "RESOURCE_STAR": "in the statements of what AWS limits to nothing",
}
# Kinds of resources that the program has none of, though an action is for them, too.
_OTHER_KINDS = ("listener/net/", "route53:::hostedzone/")


def _found(text: str, name: str) -> Iterator[tuple[str, str]]:
    for each in analyze_policy_string(text, name).findings:
        yield each.issue, f"{name}: {enhance_finding(each).title}: {each.detail}"


def _of_files(texts: dict[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        # It has no ARN before it is filled in.
        filled = text.replace("STATE_KEY", "arn:aws:kms:us-west-2:123456789012:key/0a1b")
        for issue, finding in _found(filled, name):
            if issue not in _ACCEPTED and issue != "RESOURCE_MISMATCH":
                yield finding


def _of_actions(texts: dict[str, str]) -> Iterator[str]:
    """An action that needs several kinds of resources has them in several statements, whose conditions differ."""
    resources: dict[str, set[str]] = {}
    for text in texts.values():
        for statement in json.loads(text)["Statement"]:
            for action in _list(statement["Action"]):
                resources.setdefault(action, set()).update(_list(statement["Resource"]))
    for action, named in resources.items():
        statement = {"Effect": "Allow", "Action": action, "Resource": sorted(named)}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        for each in analyze_policy_string(json.dumps(policy), action).findings:
            if each.issue == "RESOURCE_MISMATCH":
                lacking = [need["required_format"] for need in each.detail]
                if lacking := [need for need in lacking if not any(kind in need for kind in _OTHER_KINDS)]:
                    yield f"{action}: no statement names {', '.join(lacking)}"


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def main() -> int:
    files = sorted((Path(__file__).parent.parent / "policies").glob("*.json"))
    texts = {f"policies/{file.name}": file.read_text() for file in files}
    problems = [*_of_files(texts), *_of_actions(texts)]
    print("\n".join(problems) or f"parliament finds nothing in {len(files)} policies")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
