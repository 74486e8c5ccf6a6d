"""The permissions of S3's calls, whose actions are HTTP methods, paths and queries, and S3 Control's."""

import re
from typing import Any
from urllib.parse import parse_qs

from moto.s3.models import FakeBucket, s3_backends

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
        if "tagging" in query or "acl" in query:
            return [(f"s3:{verb}Object{'Tagging' if 'tagging' in query else 'Acl'}", owner, f"{arn}/{key}")]
        if method == "DELETE" and "uploadId" in query:
            return [("s3:AbortMultipartUpload", owner, f"{arn}/{key}")]
        version = "Version" if "versionId" in query and verb != "Put" else ""
        calls = [(f"s3:{verb}Object{version}", owner, f"{arn}/{key}")]
        if verb == "Put" and environ.get("HTTP_X_AMZ_TAGGING"):
            calls.append(("s3:PutObjectTagging", owner, f"{arn}/{key}"))
        source = environ.get("HTTP_X_AMZ_COPY_SOURCE", "").lstrip("/")
        if source:
            calls.append(("s3:GetObject", bucket(source.partition("/")[0]), f"arn:aws:s3:::{source}"))
        return calls
    if method == "POST" and "delete" in query:
        objects = re.findall(r"<Object>(.*?)</Object>", body.decode(), re.S)
        named = [(re.search(r"<Key>(.*?)</Key>", each, re.S), "<VersionId>" in each) for each in objects]
        return [
            (f"s3:DeleteObject{'Version' if old else ''}", owner, f"{arn}/{match[1]}") for match, old in named if match
        ]
    # S3 has no permission of its own to remove these: who may set them, may remove them.
    removed = verb == "Delete" and not {"policy", "website"} & query.keys()
    verb = "Put" if removed and query else verb
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
