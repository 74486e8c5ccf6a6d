"""S3: names, policies that are policies, and the public access blocks of a bucket and of its account."""

import json
import re
from ipaddress import IPv4Address
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.utils import bucket_policy_is_public
from moto.s3control.models import s3control_backends

from .patching import replaces

# S3 user guide, "General purpose bucket naming rules".
NAME = re.compile(r"(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9](?<!-s3alias)")


def is_bucket_name(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return NAME.fullmatch(name) is not None
    return False


@replaces(S3Backend, "create_bucket")
def create(original: Any, backend: S3Backend, bucket_name: str, *rest: Any, **named: Any) -> FakeBucket:
    """New buckets block all public access since April 2023; moto's have no block."""
    if not is_bucket_name(bucket_name):
        raise S3ClientError("InvalidBucketName", f"The specified bucket is not valid: {bucket_name}")
    bucket: FakeBucket = original(backend, bucket_name, *rest, **named)
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    return bucket


@replaces(S3Backend, "put_bucket_policy")
def put_policy(original: Any, backend: S3Backend, bucket_name: str, policy: bytes) -> None:
    """moto takes any text, and public policies where they are blocked."""
    if not isinstance(parse(policy), dict):
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    if blocks(backend.get_bucket(bucket_name), "block_public_policy") and bucket_policy_is_public(policy):
        raise S3ClientError(
            "AccessDenied",
            f'User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket_name}" '
            "because public policies are blocked by the BlockPublicPolicy block public access setting.",
        )
    original(backend, bucket_name, policy)


def blocks(bucket: FakeBucket, setting: str) -> bool:
    """Whether the public access block of the bucket or of its account has the setting.

    S3 user guide, "Blocking public access to your Amazon S3 storage": the more restrictive of the two applies.
    """
    of_account = s3control_backends[bucket.account_id][bucket.partition].public_access_block
    return any(block is not None and getattr(block, setting) for block in (bucket.public_access_block, of_account))


def parse(policy: bytes) -> Any:
    try:
        return json.loads(policy)
    except ValueError:
        return None
