"""DB snapshots, and instances that begin with them or with a moment of another instance."""

from patches.lifecycle import HAS_WORLD
from patches.snapshots import snapshot_name
from .call import Call, refuse
from .databases import existing


def of_available_instance(call: Call) -> None:
    database = existing(call)
    if database is not None and database.status != "available":
        refuse("InvalidDBInstanceState", f"Instance {database.db_instance_identifier} is not in available state.")


def available(call: Call) -> None:
    snapshot = call.rds.database_snapshots.get(snapshot_name(call.params["DBSnapshotIdentifier"]))
    if snapshot is not None and snapshot.status != "available":
        refuse("InvalidDBSnapshotState", f"Snapshot {snapshot.db_snapshot_identifier} is not in available state.")


def not_being_made(call: Call) -> None:
    snapshot = call.rds.database_snapshots.get(call.params["DBSnapshotIdentifier"])
    if snapshot is not None and snapshot.status == "creating":
        refuse("InvalidDBSnapshotState", f"Cannot delete the snapshot {snapshot.db_snapshot_identifier}: creating.")


# AWS accepts the rest. In a lab with machines an instance would begin without rows, and nobody would be told.


def with_data(call: Call) -> None:
    snapshot = call.rds.database_snapshots.get(snapshot_name(call.params["DBSnapshotIdentifier"]))
    if HAS_WORLD and snapshot is not None and snapshot.snapshot_type != "manual":
        refuse("InvalidRestoreFault", "The lab has the data of manual and final snapshots only.")


def no_copies(_call: Call) -> None:
    if HAS_WORLD:
        refuse("InvalidDBSnapshotState", "The lab does not copy the data of snapshots.")


def no_data_of_a_moment(_call: Call) -> None:
    if HAS_WORLD:
        refuse("InvalidRestoreFault", "The lab keeps no data of moments: restore a snapshot.")
