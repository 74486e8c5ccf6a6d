"""S3 Object Lock, which moto stores and enforces in part.

Sources: S3 user guide, "Locking objects with Object Lock", "Object Lock considerations" and "How to prevent object
overwrites with conditional writes"; S3 API reference, PutObjectRetention and PutObjectLockConfiguration. Who may bypass
governance is the matter of `authorization`.
"""

from typing import Any

from moto.s3.exceptions import AccessDeniedByLock, InvalidBucketState, S3ClientError
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from .patching import replaces

_MODES = ("GOVERNANCE", "COMPLIANCE")
_MOST_DAYS = 36500


class ProtectedByLock(AccessDeniedByLock):
    """As moto's, with the message of S3."""

    def __init__(self) -> None:
        S3ClientError.__init__(self, "AccessDenied", "Access Denied because object protected by object lock.")


@replaces(S3Backend, "put_object_lock_configuration")
def configure(
    _original: Any,
    backend: S3Backend,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """Of a bucket with objects, too, which AWS takes since November 2023 and moto refuses. Nothing disables it."""
    bucket = backend.get_bucket(bucket_name)
    if bucket.versioning_status != "Enabled":
        raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
    if not lock_enabled or (mode and mode not in _MODES):
        raise S3ClientError("MalformedXML", "The XML you provided was not well-formed")
    if mode and not 1 <= (days or 0) + (years or 0) * 365 <= _MOST_DAYS:
        raise S3ClientError("InvalidArgument", "Default retention period must be a positive integer value.")
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = mode
    bucket.default_lock_days = days
    bucket.default_lock_years = years


@replaces(S3Backend, "put_bucket_versioning")
def keep_versions(original: Any, backend: S3Backend, bucket_name: str, status: str) -> None:
    if backend.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
        raise InvalidBucketState(
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        )
    original(backend, bucket_name, status)


@replaces(S3Backend, "put_object")
def lock(original: Any, backend: S3Backend, bucket_name: str, *rest: Any, **named: Any) -> FakeKey:
    """moto forgets the default retention when it completes a multipart upload."""
    key: FakeKey = original(backend, bucket_name, *rest, **named)
    bucket = backend.get_bucket(bucket_name)
    if bucket.has_default_lock and not key.lock_mode:
        key.lock_mode, key.lock_until = bucket.default_lock_mode, bucket.default_retention()
    return key


@replaces(S3Response, "upload_part")
def demand_checksum(original: Any, response: S3Response) -> Any:
    """As moto demands it of an object that is sent at once."""
    bucket = response.backend.get_bucket(response.bucket_name)
    given = ("Content-MD5", "x-amz-sdk-checksum-algorithm")
    if bucket.has_default_lock and not any(response.headers.get(name) for name in given):
        raise S3ClientError(
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters",
        )
    return original(response)


@replaces(S3Backend, "delete_object")
def delete(original: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return original(*arguments, **named)
    except AccessDeniedByLock:
        raise ProtectedByLock from None


@replaces(S3Response, "put_object_retention")
def retain(original: Any, response: S3Response) -> Any:
    """moto lets everybody shorten a retention, and remove it."""
    version = response.querystring.get("versionId", [None])[0]
    key = response.backend.get_object(response.bucket_name, response.parse_key_name(), version_id=version)
    mode, until = response._mode_until_from_body()
    bypass = response.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    if key is not None and key.is_locked(governance_bypass=bypass):
        kept = mode == key.lock_mode or mode == "COMPLIANCE"
        # Both are ISO 8601 in UTC; the part that counts is of one length.
        if not kept or until is None or until[:19] < key.lock_until[:19]:
            raise ProtectedByLock
    return original(response)
