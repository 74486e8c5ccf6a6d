"""Who may do what: each call, judged before moto sees it.

Calls over loopback are those of the account's administrator, whom only a bucket policy's Deny can stop, unless they
are signed with the access key of a user that IAM has, or of a role's session. These, and all calls of the lab's
machines and of its internet, are judged by the caller's policies and permissions boundary; for S3 by the bucket's
policy, too.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.access_control import PermissionResult
from moto.iam.models import Role
from moto.s3.models import FakeBucket

import gateway_endpoints
import policies
import rights
from patches import buckets
from patches.patching import replaces
from principals import ADMINISTRATOR, NOBODY, Principal, of_key, statements_of
from rights import s3
from rights.need import Call, Need
from rights.s3 import bucket

__all__ = ["AccessDenied", "bucket", "check", "denial", "is_public_read", "statements_of", "used"]

Environ = dict[str, Any]
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([a-z0-9-]+)/")

# STS API reference: "No permissions are required to perform this operation."
_FOR_EVERYBODY = ("sts:GetCallerIdentity",)

# ARN of a principal: the actions that it was allowed, and those that it was not.
_used: dict[str, tuple[set[str], set[str]]] = {}


class AccessDenied(Exception):
    """The message is as AWS words it."""


@replaces(FakeBucket, "get_permission")
def permitted_here(_original: Any, _bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    """`check` has judged the call; moto judges bucket policies without their Conditions."""
    return PermissionResult.PERMITTED


def check(environ: Environ, body: bytes, over_loopback: bool) -> None:
    """Raises AccessDenied if the call is not allowed, or if the lab cannot judge it."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, service = (credential[2], credential[3]) if credential else ("", "s3")
    try:
        principal = of_key(credential[1] if credential else "")
        if over_loopback and principal in (None, NOBODY):
            principal = ADMINISTRATOR
        if principal is None:
            raise AccessDenied("The AWS Access Key Id you provided does not exist in our records.")
        context = _context(environ, principal.arn)
        if service == "s3":
            endpoint = None if over_loopback or not credential else gateway_endpoints.statements(credential[1])
            for action, owner, resource in s3.actions(environ, body):
                account = {"aws:resourceaccount": owner.account_id if owner else ""}
                need = Need(action, resource, s3.context(environ) | account)
                _judge(principal, need, owner, context)
                if endpoint is not None:
                    _pass(endpoint, principal, need, context)
        elif principal.arn is not None and principal.statements is not None:
            for need in rights.needs(_call(environ, body, service, region, principal.arn)):
                if need.action not in _FOR_EVERYBODY:
                    _judge(principal, need, None, context)
    except NotImplementedError as problem:
        raise AccessDenied(f"the lab cannot judge this call: {problem}") from problem


def used(principal: str) -> dict[str, Any]:
    """`{"allowed": [action, …], "refused": [action, …]}` of all calls of a principal so far, by its ARN."""
    allowed, refused = _used.get(principal, (set(), set()))
    return {"allowed": sorted(allowed), "refused": sorted(refused)}


def is_public_read(bucket: FakeBucket, key: str) -> bool:
    """Whether somebody without credentials or TLS may get the object."""
    need = Need("s3:GetObject", f"{bucket.arn}/{key}")
    return _allowed(NOBODY, need, bucket, {"aws:securetransport": "false"})


def is_allowed(role: Role, action: str, resource: str, bucket: FakeBucket) -> bool:
    """Whether a role that a service of AWS uses may do something to a bucket or to what it holds."""
    principal = Principal(role.arn, statements_of(role))
    return _allowed(principal, Need(action, resource), bucket, {"aws:securetransport": "true"})


def denial(problem: AccessDenied, environ: Environ, start_response: Any) -> Iterable[bytes]:
    if environ.get("HTTP_X_AMZ_TARGET"):
        start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps({"__type": "AccessDeniedException", "message": str(problem)}).encode()]
    start_response("403 Forbidden", [("Content-Type", "application/xml")])
    error = f"<Code>AccessDenied</Code><Message>{escape(str(problem))}</Message>"
    signed = environ.get("HTTP_AUTHORIZATION", "/s3/")
    if "/s3/" in signed:
        return [f"<Error>{error}</Error>".encode()]
    if "/ec2/" in signed:
        error = error.replace("AccessDenied", "UnauthorizedOperation")
        return [f"<Response><Errors><Error>{error}</Error></Errors></Response>".encode()]
    return [f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode()]


def _judge(principal: Principal, need: Need, owner: FakeBucket | None, context: policies.Context) -> None:
    allowed = _allowed(principal, need, owner, context)
    if principal.arn and principal.statements is not None:
        _used.setdefault(principal.arn, (set(), set()))[0 if allowed else 1].add(need.action)
    if not allowed:
        who = f"User: {principal.arn} is" if principal.arn else "Access by nobody is"
        raise AccessDenied(f'{who} not authorized to perform: {need.action} on resource: "{need.resource}"')


def _pass(endpoint: list[policies.Statement], principal: Principal, need: Need, context: policies.Context) -> None:
    stated = [each for each in endpoint if policies.is_for(each, principal.arn)]
    if not policies.decision(stated, need.action, need.resource, context | need.context):
        raise AccessDenied(
            f'User: {principal.arn} is not authorized to perform: {need.action} on resource: "{need.resource}" '
            f"because no VPC endpoint policy allows the {need.action} action"
        )


def _allowed(principal: Principal, need: Need, owner: FakeBucket | None, context: policies.Context) -> bool:
    context = context | need.context
    by_identity = principal.decision(need.action, need.resource, context)
    by_bucket = None
    if owner is not None and owner.policy:
        document = json.loads(owner.policy)
        stated = [each for each in policies.statements(document) if policies.is_for(each, principal.arn)]
        by_bucket = policies.decision(stated, need.action, need.resource, context)
        if principal.arn is None and by_bucket and buckets.blocks(owner, "restrict_public_buckets"):
            by_bucket = None
    return False not in (by_identity, by_bucket) and bool(by_identity or by_bucket)


def _call(environ: Environ, body: bytes, service: str, region: str, principal: str) -> Call:
    return Call(
        service=service,
        action=_action(environ, body),
        region=region,
        account=principal.split(":")[4],
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", ""),
        body=body,
    )


def _context(environ: Environ, principal: str | None) -> policies.Context:
    """A connection over loopback counts as TLS, because no other machine can read it."""
    context = {"aws:securetransport": str(environ.get("HTTP_X_FORWARDED_PROTO", "https") == "https").lower()}
    if principal:
        context |= {"aws:principalarn": principal, "aws:principalaccount": principal.split(":")[4]}
    if "HTTP_X_REAL_IP" in environ:
        context["aws:sourceip"] = environ["HTTP_X_REAL_IP"]
    return context


def _action(environ: Environ, body: bytes) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target or "x-www-form-urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return target
    return parse_qs(body.decode()).get("Action", [""])[0]
