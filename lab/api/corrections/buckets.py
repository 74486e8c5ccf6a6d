"""S3: names, policies that are policies, and the public access block that each new bucket starts with."""

import json
import re
from ipaddress import IPv4Address
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.utils import bucket_policy_is_public

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
    block = backend.get_bucket(bucket_name).public_access_block
    if block and block.block_public_policy and bucket_policy_is_public(policy):
        raise S3ClientError(
            "AccessDenied",
            f'User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket_name}" '
            "because public policies are blocked by the BlockPublicPolicy block public access setting.",
        )
    original(backend, bucket_name, policy)


def parse(policy: bytes) -> Any:
    try:
        return json.loads(policy)
    except ValueError:
        return None
