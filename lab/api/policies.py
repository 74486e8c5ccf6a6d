"""IAM policies and bucket policies, evaluated as AWS does: a Deny that applies wins, else an Allow is needed.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators". Operators
and keys that are not here raise NotImplementedError, so that a policy is never half applied.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

# The request's condition keys, in lower case; AWS compares their names without regard to case. A key with several
# values has them on lines of their own.
Context = dict[str, str]
Statement = dict[str, Any]


# Marks in a context: it has all tags of the resource, and all that the request sets.
RESOURCE_TAGS = "lab:resource-tags"
REQUEST_TAGS = "lab:request-tags"
# Keys that a context has whenever AWS's would have them.
_KNOWN_KEYS = {
    # IAM user guide, "Available keys for AWS OIDC federation".
    *(
        f"token.actions.githubusercontent.com:{claim}"
        for claim in (
            *("actor", "actor_id", "aud", "enterprise_id", "environment", "job_workflow_ref"),
            *("ref", "repository", "repository_id", "sub", "workflow"),
        )
    ),
    "aws:principalaccount",
    "aws:principalarn",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "cloudwatch:namespace",
    "ec2:createaction",
    "ecs:cluster",
    "iam:awsservicename",
    "iam:passedtoservice",
    "iam:permissionsboundary",
    "iam:policyarn",
    "route53:changeresourcerecordsetsnormalizedrecordnames",
    "s3:if-none-match",
    "s3:objectcreationoperation",
}


def decision(statements: Iterable[Statement], action: str, resource: str, context: Context) -> bool | None:
    """True if an Allow applies, False if a Deny does, None if neither."""
    found = {
        each["Effect"]
        for each in statements
        if _names(each, "Action", action.lower(), lower=True)
        and _names(each, "Resource", resource)
        and _holds(each.get("Condition", {}), context)
    }
    return None if not found else "Deny" not in found


def statements(policy: dict[str, Any]) -> list[Statement]:
    return _list(policy["Statement"])


def is_for(statement: Statement, principal: str | None) -> bool:
    """Whether a bucket policy's statement is for the principal, an ARN; None is who gives no credentials."""
    if "NotPrincipal" in statement:
        raise NotImplementedError("the lab does not know NotPrincipal")
    named = statement["Principal"]
    arns = ["*"] if named == "*" else _list(named.get("AWS", []))
    account = principal.split(":")[4] if principal else None
    return any(arn == "*" or principal and arn in (principal, account, f"arn:aws:iam::{account}:root") for arn in arns)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, text: str) -> bool:
    parts = re.split(r"([*?])", pattern)
    return bool(re.fullmatch("".join({"*": ".*", "?": "."}.get(part) or re.escape(part) for part in parts), text, re.S))


def _names(statement: Statement, element: str, value: str, lower: bool = False) -> bool:
    def among(patterns: Any) -> bool:
        return any(_like(each.lower() if lower else each, value) for each in _list(patterns))

    return not among(statement[f"Not{element}"]) if f"Not{element}" in statement else among(statement[element])


_OPERATORS = {
    "StringEquals": lambda wanted, found: wanted == found,
    "StringLike": _like,
    "ArnLike": _like,
    "ArnEquals": _like,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "IpAddress": lambda wanted, found: ip_address(found) in ip_network(wanted, strict=False),
}


def _holds(condition: dict[str, dict[str, Any]], context: Context) -> bool:
    return all(
        _one_holds(operator, _found(key.lower(), context), [str(each) for each in _list(wanted)])
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _found(key: str, context: Context) -> str | None:
    """The value of a key in the request; None if it has none."""
    is_known = {
        "aws:resourcetag": RESOURCE_TAGS in context,
        "aws:requesttag": REQUEST_TAGS in context,
    }.get(key.split("/")[0], key in context or key in _KNOWN_KEYS)
    if not is_known:
        raise NotImplementedError(f"the lab does not know the condition key {key} of this action")
    return context.get(key)


def _one_holds(operator: str, found: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (found is None) == (wanted[0].lower() == "true")
    if operator.startswith("ForAllValues:"):
        each = operator.removeprefix("ForAllValues:")
        return all(_one_holds(each, value, wanted) for value in (found or "").splitlines())
    name = operator.removesuffix("IfExists")
    positive = name.replace("Not", "", 1)
    if positive not in _OPERATORS:
        raise NotImplementedError(f"the lab does not know the condition operator {operator}")
    if found is None:
        # A negated operator holds for a key that the request does not have, a positive one does not.
        return operator != name or positive != name
    return any(_OPERATORS[positive](each, found) for each in wanted) == (positive == name)
