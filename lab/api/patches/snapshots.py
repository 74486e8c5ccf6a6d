"""DB snapshots and automated backups: a snapshot takes time and has the data of its moment, instances begin with them.

The controller copies the data of an instance, and reports the snapshot as `snapshot.ID`: no instance has a name with
a dot. Automated snapshots are entries without data.
"""

from datetime import datetime
from functools import partial
from typing import Any

from moto.core.utils import utcnow
from moto.rds.exceptions import DBSnapshotNotFoundFault, RDSClientError
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from .lifecycle import settle
from .patching import replaces


def resource_of(snapshot_id: str) -> str:
    return f"snapshot.{snapshot_id}"


@replaces(RDSBackend, "create_db_snapshot")
def create(original: Any, backend: RDSBackend, *arguments: Any, **named: Any) -> DBSnapshot:
    snapshot: DBSnapshot = original(backend, *arguments, **named)
    if snapshot.snapshot_type == "manual":
        snapshot.status = "creating"
        enter = partial(setattr, snapshot, "status")
        settle(resource_of(snapshot.db_snapshot_identifier), "available", partial(enter, "available"))
    return snapshot


@replaces(RDSBackend, "restore_db_instance_from_db_snapshot")
def restore(_original: Any, backend: RDSBackend, snapshot_id: str, arguments: dict[str, Any]) -> DBInstance:
    name = snapshot_name(snapshot_id)
    snapshot = backend.database_snapshots.get(name)
    if snapshot is None:
        raise DBSnapshotNotFoundFault(snapshot_id)
    database: Any = begin(backend, snapshot.database, snapshot.allocated_storage, arguments)
    database.restored_from = name
    return database


def snapshot_name(identifier: str) -> str:
    """Of an identifier or an ARN."""
    return identifier.rpartition(":snapshot:")[2]


@replaces(RDSBackend, "restore_db_instance_to_point_in_time")
def restore_moment(
    _original: Any, backend: RDSBackend, source: str | None, target: str, arguments: dict[str, Any]
) -> DBInstance:
    """Of an instance that exists, or of one that has left its automated backups."""
    resource_id = arguments.get("source_dbi_resource_id")
    found = backups(backend, source, resource_id)
    if not found:
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"There are no backups of {source or resource_id}")
    # Earlier than the window is not refused: in tests of the providers the instance is seconds old.
    moment, latest = arguments.get("restore_time"), found[0].restore_window["LatestTime"]
    if moment is not None and moment.replace(tzinfo=None) > latest:
        raise RDSClientError("InvalidRestoreFault", f"The restore time {moment} is after {latest}")
    original = found[0].database
    return begin(backend, original, original.allocated_storage, {**arguments, "db_instance_identifier": target})


# What an instance has of its source unless the call says otherwise (API reference, RestoreDBInstanceFromDBSnapshot).
# moto's own restore takes everything, and no argument that is false.
INHERITED = (
    "db_instance_class",
    "engine",
    "engine_version",
    "allocated_storage",
    "storage_type",
    "storage_encrypted",
    "db_name",
    "master_username",
    "port",
    "backup_retention_period",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "tags",
)


def begin(backend: RDSBackend, source: Any, allocated: int, arguments: dict[str, Any]) -> DBInstance:
    """A new instance that begins as the source was."""
    if (arguments.get("allocated_storage") or allocated) < allocated:
        raise RDSClientError(
            "InvalidParameterValue", f"The allocated storage can't be less than the source's, {allocated} GiB"
        )
    inherited = {name: getattr(source, name) for name in INHERITED}
    # moto tells it nobody, which is right for AWS's calls.
    inherited["master_user_password"] = source._master_user_password
    return backend.create_db_instance({**inherited, "allocated_storage": allocated, **arguments})


# What automated backups tell of their instance, as it was.
TOLD = (
    "db_instance_arn",
    "dbi_resource_id",
    "db_instance_identifier",
    "region",
    "allocated_storage",
    "engine",
    "engine_version",
    "master_username",
    "backup_retention_period",
    "instance_create_time",
    "tag_list",
)


class AutomatedBackup:
    """What DescribeDBInstanceAutomatedBackups tells of an instance, be it there or deleted."""

    def __init__(self, database: Any, latest: datetime, status: str) -> None:
        self.database = database
        self.status = status
        for name in TOLD:
            setattr(self, name, getattr(database, name))
        self.encrypted = database.storage_encrypted
        # To the second, as a restore time is named.
        times = {"EarliestTime": database.instance_create_time, "LatestTime": latest}
        self.restore_window = {name: time.replace(microsecond=0) for name, time in times.items()}


def backups(backend: RDSBackend, identifier: str | None = None, resource_id: str | None = None) -> list[AutomatedBackup]:
    kept: list[AutomatedBackup] = getattr(backend, "retained_backups", [])
    live = [
        AutomatedBackup(database, utcnow(), "active")
        for database in backend.databases.values()
        if database.backup_retention_period and database.status not in ("creating", "deleting")
    ]
    return [
        backup
        for backup in [*live, *kept]
        if identifier in (None, backup.database.db_instance_identifier)
        and resource_id in (None, backup.database.dbi_resource_id)
    ]


@replaces(RDSBackend, "describe_db_instance_automated_backups")
def describe_backups(
    original: Any,
    backend: RDSBackend,
    db_instance_identifier: str | None = None,
    dbi_resource_id: str | None = None,
    **_: Any,
) -> list[AutomatedBackup]:
    found = backups(backend, db_instance_identifier, dbi_resource_id)
    if not found and (db_instance_identifier or dbi_resource_id):
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", "No automated backup for this DB instance was found.")
    return found


@replaces(RDSBackend, "delete_db_instance")
def delete(original: Any, backend: RDSBackend, db_instance_identifier: str, **named: Any) -> DBInstance:
    """Its automated backups stay if they are to."""
    database: DBInstance = original(backend, db_instance_identifier, **named)
    if database.backup_retention_period and named.get("delete_automated_backups") is False:
        kept = [*getattr(backend, "retained_backups", []), AutomatedBackup(database, utcnow(), "retained")]
        setattr(backend, "retained_backups", kept)  # noqa: B010  # moto has no such attribute
    return database
