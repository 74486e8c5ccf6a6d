"""The permissions of S3's calls, whose actions are HTTP methods, paths and queries, and S3 Control's."""

import re
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import unescape

from moto.s3.models import FakeBucket, s3_backends

import policies

Environ = dict[str, Any]
_BUCKET_HOST = re.compile(r"(.+?)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com")

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
    # The real provider asks for these of every bucket.
    "accelerate": "AccelerateConfiguration",
    "cors": "BucketCORS",
    "logging": "BucketLogging",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
}
# What a call about an object is.
_OF_OBJECT = {"tagging": "Tagging", "acl": "Acl", "retention": "Retention", "legal-hold": "LegalHold"}


def actions(environ: Environ, body: bytes) -> list[tuple[str, FakeBucket | None, str]]:
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
        return [(action, owner, f"{arn}/{key}") for action in _of_object(environ, verb, query)] + _of_source(environ)
    if method == "POST" and "delete" in query:
        calls = []
        for each in re.findall(r"<Object>(.*?)</Object>", body.decode(), re.DOTALL):
            action = "s3:DeleteObjectVersion" if "<VersionId>" in each else "s3:DeleteObject"
            resource = f"{arn}/{unescape(each.partition('<Key>')[2].partition('</Key>')[0])}"
            calls += [(one, owner, resource) for one in (action, *_of_lock(environ, deletes=True))]
        return calls
    # S3 has no permission of its own to remove these: who may set them, may remove them.
    removed = verb == "Delete" and not {"policy", "website"} & query.keys()
    verb = "Put" if removed and query else verb
    for parameter, action in _OF_BUCKET.items():
        if parameter in query:
            whole = action.startswith(("Get", "List"))
            return [(f"s3:{action}" if whole else f"s3:{verb}{action}", owner, arn)]
    plain = {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "ListBucket")
    return [(f"s3:{plain}", owner, arn)]


def _of_object(environ: Environ, verb: str, query: dict[str, list[str]]) -> list[str]:
    lock = _of_lock(environ, verb == "Delete" or "retention" in query)
    for parameter, what in _OF_OBJECT.items():
        if parameter in query:
            return [f"s3:{verb}Object{what}", *lock]
    if verb == "Delete" and "uploadId" in query:
        return ["s3:AbortMultipartUpload"]
    version = "Version" if "versionId" in query and verb != "Put" else ""
    tagging = ["s3:PutObjectTagging"] if verb == "Put" and environ.get("HTTP_X_AMZ_TAGGING") else []
    return [f"s3:{verb}Object{version}", *tagging, *lock]


def _of_source(environ: Environ) -> list[tuple[str, FakeBucket | None, str]]:
    """What the object needs that is copied."""
    source = environ.get("HTTP_X_AMZ_COPY_SOURCE", "").lstrip("/")
    return [("s3:GetObject", bucket(source.partition("/")[0]), f"arn:aws:s3:::{source}")] if source else []


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


def context(environ: Environ) -> policies.Context:
    """The condition keys of a write: S3 user guide, "Enforce conditional writes on Amazon S3 buckets".

    The calls of a multipart upload before the one that completes it create no object.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    parts = "uploads" in query or "partNumber" in query
    found = {"s3:objectcreationoperation": str(not parts).lower()}
    if "HTTP_IF_NONE_MATCH" in environ:
        found["s3:if-none-match"] = environ["HTTP_IF_NONE_MATCH"]
    return found


def bucket(name: str) -> FakeBucket | None:
    for by_partition in s3_backends.values():
        for backend in by_partition.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None
