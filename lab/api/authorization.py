"""Who may do what: the calls of the lab's machines and of its internet, judged before moto sees them.

Calls over loopback are those of the account's administrator, whom only a bucket policy's Deny can stop. For S3
every call is judged, by the role's policies and the bucket's; of the other services by the role's policies alone:
those of `protected_resources` by action and resource, the rest by action.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, unescape

from moto.iam.access_control import PermissionResult
from moto.iam.models import Role, iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sts.models import sts_backends

import policies
import protected_resources
from patches import buckets
from patches.patching import replaces

Environ = dict[str, Any]
ADMINISTRATOR = "arn:aws:iam::123456789012:user/administrator"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([a-z0-9-]+)/")
_BUCKET_HOST = re.compile(r"(.+?)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com")

# STS API reference: "No permissions are required to perform this operation."
_FOR_EVERYBODY = ("sts:GetCallerIdentity",)


class AccessDenied(Exception):
    """The message is as AWS words it."""


@replaces(FakeBucket, "get_permission")
def permitted_here(_original: Any, _bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    """`check` has judged the call; moto judges bucket policies without their Conditions."""
    return PermissionResult.PERMITTED


def check(environ: Environ, body: bytes, of_administrator: bool) -> None:
    """Raises AccessDenied if the call is not allowed."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, service = (credential[2], credential[3]) if credential else ("", "s3")
    principal, own = (ADMINISTRATOR, None) if of_administrator else _role(credential[1] if credential else "")
    if service == "s3":
        context = _context(environ, principal) | _s3_context(environ)
        for action, bucket, resource in _s3_actions(environ, body):
            _judge(principal, own, action, resource, bucket, context)
    elif own is not None and principal is not None:
        scope = protected_resources.Scope(region, principal.split(":")[4])
        for need in protected_resources.needs(service, _action(environ, body), scope, body):
            if need.action not in _FOR_EVERYBODY:
                _judge(principal, own, need.action, need.resource, None, _context(environ, principal) | need.context)


def is_public_read(bucket: FakeBucket, key: str) -> bool:
    """Whether somebody without credentials or TLS may get the object."""
    return _allowed(None, [], "s3:GetObject", f"{bucket.arn}/{key}", bucket, {"aws:securetransport": "false"})


def is_allowed(role: Role, action: str, resource: str, bucket: FakeBucket) -> bool:
    """Whether a role that a service of AWS uses may do something to a bucket or to what it holds."""
    return _allowed(role.arn, statements_of(role), action, resource, bucket, {"aws:securetransport": "true"})


def denial(problem: AccessDenied, environ: Environ, start_response: Any) -> Iterable[bytes]:
    if environ.get("HTTP_X_AMZ_TARGET"):
        start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps({"__type": "AccessDeniedException", "message": str(problem)}).encode()]
    start_response("403 Forbidden", [("Content-Type", "application/xml")])
    error = f"<Code>AccessDenied</Code><Message>{escape(str(problem))}</Message>"
    if "s3" in environ.get("HTTP_AUTHORIZATION", "s3"):
        return [f"<Error>{error}</Error>".encode()]
    return [f"<Response><Errors><Error>{error}</Error></Errors></Response>".encode()]


def _judge(principal: str | None, own: Any, action: str, resource: str, bucket: FakeBucket | None, context: Any) -> None:
    if not _allowed(principal, own, action, resource, bucket, context):
        who = f"User: {principal} is" if principal else "Access by nobody is"
        raise AccessDenied(f'{who} not authorized to perform: {action} on resource: "{resource}"')


def _allowed(
    principal: str | None, own: Any, action: str, resource: str, bucket: FakeBucket | None, context: policies.Context
) -> bool:
    by_role = True if own is None else policies.decision(own, action, resource, context)
    by_bucket = None
    if bucket is not None and bucket.policy:
        stated = [each for each in policies.statements(json.loads(bucket.policy)) if policies.is_for(each, principal)]
        by_bucket = policies.decision(stated, action, resource, context)
        if principal is None and by_bucket and buckets.blocks(bucket, "restrict_public_buckets"):
            by_bucket = None
    return False not in (by_role, by_bucket) and bool(by_role or by_bucket)


def _role(access_key: str) -> tuple[str | None, list[policies.Statement]]:
    """The ARN and the policies of the role whose session it is. Raises AccessDenied for an unknown key."""
    if not access_key:
        return None, []
    for account, by_partition in sts_backends.items():
        for partition, backend in by_partition.items():
            for session in backend.assumed_roles:
                if session.access_key_id == access_key:
                    iam = iam_backends[account][partition]
                    role = iam.get_role_by_arn(session.role_arn)
                    return role.arn, statements_of(role)
    raise AccessDenied("The AWS Access Key Id you provided does not exist in our records.")


def statements_of(role: Role) -> list[policies.Statement]:
    """Of the role's own policies and of the managed ones that are attached to it."""
    versions = [version for policy in role.managed_policies.values() for version in policy.versions]
    documents = [*role.policies.values(), *(version.document for version in versions if version.is_default)]
    return [each for text in documents for each in policies.statements(json.loads(text))]


def _context(environ: Environ, principal: str | None) -> policies.Context:
    """A connection over loopback counts as TLS, because no other machine can read it."""
    context = {"aws:securetransport": str(environ.get("HTTP_X_FORWARDED_PROTO", "https") == "https").lower()}
    if principal:
        context |= {"aws:principalarn": principal, "aws:principalaccount": principal.split(":")[4]}
    if "HTTP_X_REAL_IP" in environ:
        context["aws:sourceip"] = environ["HTTP_X_REAL_IP"]
    return context


def _action(environ: Environ, body: bytes) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    return target.rpartition(".")[2] or parse_qs(body.decode()).get("Action", [""])[0]


# S3 Control's calls are signed as S3's, and begin with its API version. The lab knows those on this one thing.
_ACCOUNT_BLOCK = "v20180820/configuration/publicAccessBlock"
# What a call to S3 is, by its query's first parameter, beside the plain ones.
_OF_BUCKET = {
    "location": "GetBucketLocation",
    "policy": "BucketPolicy",
    "versioning": "BucketVersioning",
    "versions": "ListBucketVersions",
    "uploads": "ListBucketMultipartUploads",
    "lifecycle": "LifecycleConfiguration",
    "encryption": "EncryptionConfiguration",
    "website": "BucketWebsite",
    "tagging": "BucketTagging",
    "acl": "BucketAcl",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "object-lock": "BucketObjectLockConfiguration",
    "replication": "ReplicationConfiguration",
}
# What a call about an object is.
_OF_OBJECT = {"tagging": "Tagging", "acl": "Acl", "retention": "Retention", "legal-hold": "LegalHold"}


def _s3_context(environ: Environ) -> policies.Context:
    """The condition keys of a write: S3 user guide, "Enforce conditional writes on Amazon S3 buckets".

    The calls of a multipart upload before the one that completes it create no object.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    parts = "uploads" in query or "partNumber" in query
    context = {"s3:objectcreationoperation": str(not parts).lower()}
    if "HTTP_IF_NONE_MATCH" in environ:
        context["s3:if-none-match"] = environ["HTTP_IF_NONE_MATCH"]
    return context


def _of_lock(environ: Environ, deletes: bool) -> list[str]:
    """What the headers of Object Lock need: S3 user guide, "Locking objects with Object Lock"."""
    needs = []
    if "HTTP_X_AMZ_OBJECT_LOCK_MODE" in environ or "HTTP_X_AMZ_OBJECT_LOCK_RETAIN_UNTIL_DATE" in environ:
        needs.append("s3:PutObjectRetention")
    if "HTTP_X_AMZ_OBJECT_LOCK_LEGAL_HOLD" in environ:
        needs.append("s3:PutObjectLegalHold")
    if deletes and environ.get("HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION", "").lower() == "true":
        needs.append("s3:BypassGovernanceRetention")
    return needs


def _s3_actions(environ: Environ, body: bytes) -> list[tuple[str, FakeBucket | None, str]]:
    """(action, bucket, resource) of a call to S3; several for a deletion of several objects."""
    host = environ.get("HTTP_HOST", "").split(":")[0]
    path = environ["PATH_INFO"].lstrip("/")
    hosted = _BUCKET_HOST.fullmatch(host)
    name, _, key = (hosted[1], "", path) if hosted else path.partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method = environ["REQUEST_METHOD"]
    if not name:
        return [("s3:ListAllMyBuckets", None, "*")]
    if path == _ACCOUNT_BLOCK:
        return [(f"s3:{'Get' if method == 'GET' else 'Put'}AccountPublicAccessBlock", None, "*")]
    owner, arn = bucket(name), f"arn:aws:s3:::{name}"
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}.get(method, "Get")
    if key:
        deletes = method == "DELETE" or "retention" in query
        lock = [(action, owner, f"{arn}/{key}") for action in _of_lock(environ, deletes)]
        for parameter, what in _OF_OBJECT.items():
            if parameter in query:
                return [(f"s3:{verb}Object{what}", owner, f"{arn}/{key}"), *lock]
        if method == "DELETE" and "uploadId" in query:
            return [("s3:AbortMultipartUpload", owner, f"{arn}/{key}")]
        version = "Version" if "versionId" in query and verb != "Put" else ""
        calls = [(f"s3:{verb}Object{version}", owner, f"{arn}/{key}"), *lock]
        source = environ.get("HTTP_X_AMZ_COPY_SOURCE", "").lstrip("/")
        if source:
            calls.append(("s3:GetObject", bucket(source.partition("/")[0]), f"arn:aws:s3:::{source}"))
        return calls
    if method == "POST" and "delete" in query:
        calls = []
        for each in re.findall(r"<Object>(.*?)</Object>", body.decode(), re.DOTALL):
            action = "s3:DeleteObjectVersion" if "<VersionId>" in each else "s3:DeleteObject"
            resource = f"{arn}/{unescape(each.partition('<Key>')[2].partition('</Key>')[0])}"
            calls += [(one, owner, resource) for one in (action, *_of_lock(environ, deletes=True))]
        return calls
    for parameter, action in _OF_BUCKET.items():
        if parameter in query:
            whole = action.startswith(("Get", "List"))
            return [(f"s3:{action}" if whole else f"s3:{verb}{action}", owner, arn)]
    plain = {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "ListBucket")
    return [(f"s3:{plain}", owner, arn)]


def bucket(name: str) -> FakeBucket | None:
    for by_partition in s3_backends.values():
        for backend in by_partition.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None
