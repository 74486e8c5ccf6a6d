"""S3 replicates what is put into a bucket with a rule, a while after the call, if the rule's role may do it.

moto keeps the rules only. Source: S3 user guide, "What does Amazon S3 replicate?", "Setting up permissions for live
replication" and "Getting replication status information". What was there before the rule, replicas, deletions and
delete markers are not replicated. The lab knows filters by prefix.
"""

import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

import authorization
import policies
from patches.patching import replaces

# AWS takes seconds to minutes. A test that looks at once still finds PENDING.
DELAY = 1.0

Rule = dict[str, Any]


@dataclass(frozen=True)
class _Task:
    """An object that waits for its replication."""

    due: float
    source: FakeBucket
    key: FakeKey
    destination: str


_tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
# The bucket that a replica is being put into, which is not replicated again.
_writing: set[str] = set()


def start(lock: threading.Lock) -> None:
    """Goes on until the process ends. `lock` is held while an object is replicated."""

    def run() -> None:
        while True:
            task = _tasks.get()
            # Tasks come in the order in which they are due.
            time.sleep(max(0.0, task.due - time.monotonic()))
            with lock:
                _replicate(task)

    threading.Thread(target=run, daemon=True).start()


@replaces(S3Backend, "put_object")
def put_object(original: Any, backend: S3Backend, bucket_name: str, key_name: str, *rest: Any, **named: Any) -> FakeKey:
    key: FakeKey = original(backend, bucket_name, key_name, *rest, **named)
    source = backend.get_bucket(bucket_name)
    if bucket_name in _writing:
        return key
    for rule in _rules(source):
        if rule["Status"] == "Enabled" and key_name.startswith(_prefix(rule)):
            key.replication_status = "PENDING"
            destination = rule["Destination"]["Bucket"].removeprefix("arn:aws:s3:::")
            _tasks.put(_Task(time.monotonic() + DELAY, source, key, destination))
            break
    return key


@replaces(FakeKey, "response_dict")
def response_dict(original: Any, key: FakeKey) -> dict[str, Any]:
    status = getattr(key, "replication_status", None)
    return original(key) | ({"x-amz-replication-status": status} if status else {})


@replaces(S3Backend, "put_bucket_replication")
def put_bucket_replication(original: Any, backend: S3Backend, bucket_name: str, replication: dict[str, Any]) -> None:
    """moto takes a destination without versions, or none."""
    stated = replication["Rule"]
    for rule in stated if isinstance(stated, list) else [stated]:
        target = authorization.bucket(rule["Destination"]["Bucket"].removeprefix("arn:aws:s3:::"))
        if target is None or not target.is_versioned:
            problem = "must exist." if target is None else "must have versioning enabled."
            raise S3ClientError("InvalidRequest", f"Destination bucket {problem}")
    original(backend, bucket_name, replication)


@replaces(S3Backend, "put_bucket_versioning")
def put_bucket_versioning(original: Any, backend: S3Backend, bucket_name: str, status: str) -> None:
    if status != "Enabled" and _rules(backend.get_bucket(bucket_name)):
        raise S3ClientError(
            "InvalidBucketState",
            "A replication configuration is present on this bucket, so you cannot change the versioning state. "
            "To change the versioning state, first delete the replication configuration.",
        )
    original(backend, bucket_name, status)


@replaces(S3Response, "get_bucket_replication")
def get_bucket_replication(original: Any, response: S3Response) -> Any:
    """moto answers with an empty prefix, whatever the rule's is."""
    replication = response.backend.get_bucket_replication(response.bucket_name)
    if not replication:
        return original(response)
    response.data["Action"] = "GetBucketReplication"
    rules = [
        {
            "ID": rule["ID"],
            "Priority": rule["Priority"],
            "Status": rule["Status"],
            "DeleteMarkerReplication": rule.get("DeleteMarkerReplication") or {"Status": "Disabled"},
            "Filter": {"Prefix": _prefix(rule)},
            "Destination": rule["Destination"],
        }
        for rule in replication["Rule"]
    ]
    answer = {"ReplicationConfiguration": {"Role": replication["Role"], "Rules": rules}}
    return response.serialized(ActionResult(answer))


def _rules(bucket: FakeBucket) -> list[Rule]:
    found: list[Rule] = (getattr(bucket, "replication", None) or {}).get("Rule", [])
    return found


def _prefix(rule: Rule) -> str:
    """xmltodict has None for an empty element."""
    return str((rule.get("Filter") or {}).get("Prefix") or "")


def _replicate(task: _Task) -> None:
    source, key = task.source, task.key
    versions = source.keys.getlist(key.name, [])
    # A version that is gone meanwhile, or a bucket, has no status.
    if key not in versions or authorization.bucket(source.name) is not source:
        return
    target = authorization.bucket(task.destination)
    if target is None or not target.is_versioned or not _is_allowed(source, target, key.name):
        key.replication_status = "FAILED"
        return
    backend = s3_backends[target.account_id][target.partition]
    _writing.add(target.name)
    try:
        replica = backend.put_object(
            target.name, key.name, key.value, storage=key.storage_class, etag=key.etag.strip('"'), encryption=key.encryption
        )
    finally:
        _writing.discard(target.name)
    replica.set_metadata(key.metadata)
    # A replica has the version and the time of its object.
    replica._version_id, replica.last_modified = key.version_id, key.last_modified
    replica.replication_status, key.replication_status = "REPLICA", "COMPLETED"


def _is_allowed(source: FakeBucket, target: FakeBucket, key: str) -> bool:
    """Whether S3 may use the rule's role, and the role may read the one bucket and write the other."""
    arn = str((getattr(source, "replication", None) or {}).get("Role", ""))
    try:
        role = iam_backends[source.account_id][source.partition].get_role_by_arn(arn)
    except Exception:  # moto's error for a role that is gone has no class of its own in all versions
        return False
    if not _trusts_s3(json.loads(role.assume_role_policy_document)):
        return False
    return all(
        authorization.is_allowed(role, action, resource, bucket)
        for action, resource, bucket in (
            ("s3:GetReplicationConfiguration", source.arn, source),
            ("s3:ListBucket", source.arn, source),
            ("s3:GetObjectVersionForReplication", f"{source.arn}/{key}", source),
            ("s3:GetObjectVersionAcl", f"{source.arn}/{key}", source),
            ("s3:ReplicateObject", f"{target.arn}/{key}", target),
        )
    )


def _trusts_s3(policy: dict[str, Any]) -> bool:
    return any(
        each["Effect"] == "Allow" and "s3.amazonaws.com" in str(each["Principal"])
        for each in policies.statements(policy)
    )
