"""RDS instances and their groups. Rules of a new instance hold for changes of one too, where they are named."""

from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from patches.databases import full_version
from .call import Call, refuse

# Instance types of which RDS for MySQL 8.4 has classes (RDS user guide, "DB instance classes").
FAMILIES = {
    "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7g", "m7i", "m8g",
    "r5", "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r7g", "r7i", "r8g",
    "t3", "t4g", "x2g", "x2idn", "x2iedn",
}  # fmt: skip
# GiB of gp3 (RDS user guide, "Amazon RDS DB instance storage").
STORAGE_MINIMUM, STORAGE_MAXIMUM = 20, 65536
# By how much the limit of the storage must exceed it (RDS user guide, "Managing capacity automatically").
GROWTH_PERCENT = 10
RETENTION_DAYS = 35
# Of MySQL.
PASSWORD_MINIMUM, PASSWORD_MAXIMUM = 8, 41
RESERVED_USERS = {"rdsadmin", "rdsrepladmin", "rdstopmgr", "mysql.sys", "mysql.session", "mysql.infoschema"}


def master_password(call: Call) -> None:
    """The password itself is in no message."""
    password = call.params.get("MasterUserPassword")
    if password is None:
        return
    invalid = "The parameter MasterUserPassword is not a valid password"
    if len(password) < PASSWORD_MINIMUM:
        refuse("InvalidParameterValue", f"{invalid} because it is shorter than {PASSWORD_MINIMUM} characters.")
    if len(password) > PASSWORD_MAXIMUM:
        refuse("InvalidParameterValue", f"{invalid} because it is longer than {PASSWORD_MAXIMUM} characters.")
    if any(not "!" <= character <= "~" or character in '/@"' for character in password):
        refuse(
            "InvalidParameterValue",
            f"{invalid}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
        )


def master_user(call: Call) -> None:
    user = call.params.get("MasterUsername") or ""
    if user.lower() in RESERVED_USERS:
        refuse(
            "InvalidParameterValue", f"MasterUsername {user} cannot be used as it is a reserved word used by the engine"
        )


def engine_version(call: Call) -> None:
    version = call.params.get("EngineVersion")
    if engine(call) == "mysql" and version and not full_version(version):
        refuse("InvalidParameterCombination", f"Cannot find version {version} for mysql")


def instance_class(call: Call) -> None:
    wanted = call.params.get("DBInstanceClass")
    if wanted is None:
        return
    prefix, _, kind = wanted.partition(".")
    if prefix != "db" or kind not in INSTANCE_TYPES or kind.partition(".")[0] not in FAMILIES:
        refuse("InvalidParameterValue", f"Invalid DB Instance class: {wanted}")


def storage(call: Call) -> None:
    size = call.params.get("AllocatedStorage")
    kind = call.params.get("StorageType") or getattr(existing(call), "storage_type", None)
    if kind == "gp3" and size is not None and not STORAGE_MINIMUM <= int(size) <= STORAGE_MAXIMUM:
        refuse(
            "InvalidParameterValue",
            f"Invalid storage size for engine name {engine(call)} and storage type {kind}: {size}",
        )


def storage_shrinks(call: Call) -> None:
    size, has = call.params.get("AllocatedStorage"), getattr(existing(call), "allocated_storage", 0)
    if size is not None and int(size) < has:
        refuse("InvalidParameterValue", f"Invalid storage size {size} GiB: the DB instance has {has} GiB")


def growth(call: Call) -> None:
    """A limit that is the size itself switches growth off, but not at creation."""
    limit, database = call.params.get("MaxAllocatedStorage"), existing(call)
    size = call.params.get("AllocatedStorage") or getattr(database, "allocated_storage", None)
    if limit is None or size is None or (database and int(limit) == int(size)):
        return
    if int(limit) <= int(size):
        refuse("InvalidParameterCombination", "Max storage size must be greater than storage size")
    if int(limit) * 100 < int(size) * (100 + GROWTH_PERCENT):
        refuse(
            "InvalidParameterCombination",
            f"The maximum allocated storage must be increased by at least {GROWTH_PERCENT} percent.",
        )


def backup_retention(call: Call) -> None:
    days = call.params.get("BackupRetentionPeriod")
    if days is not None and not 0 <= int(days) <= RETENTION_DAYS:
        refuse(
            "InvalidParameterValue",
            f"Invalid backup retention period: {days}. It is not between 0 and {RETENTION_DAYS} days.",
        )


def parameter_group(call: Call) -> None:
    group = call.rds.db_parameter_groups.get(call.params.get("DBParameterGroupName") or "")
    if group is None or engine(call) != "mysql":
        return
    wanted = call.params.get("EngineVersion") or getattr(existing(call), "engine_version", None)
    version = full_version(wanted) or ""
    family = "mysql" + version.rpartition(".")[0]
    if group.family != family:
        refuse(
            "InvalidParameterCombination",
            f"The parameter group {group.name} with DBParameterGroupFamily {group.family} can't be used for this "
            f"instance. Please use a Parameter Group with DBParameterGroupFamily {family}",
        )


def security_groups(call: Call) -> None:
    name = call.params.get("DBSubnetGroupName")
    subnet_group = call.rds.subnet_groups.get(name) if name else getattr(existing(call), "db_subnet_group", None)
    for group_id in call.params.get("VpcSecurityGroupIds") or []:
        group = call.ec2.get_security_group_from_id(group_id)
        if subnet_group and group and group.vpc_id != subnet_group.vpc_id:
            refuse(
                "InvalidParameterCombination",
                "The DB instance and EC2 security group don't exist in the same VPC. The DB instance is in "
                f"{subnet_group.vpc_id} and the EC2 security group is in {group.vpc_id}",
            )


def subnets(call: Call) -> None:
    chosen = [call.ec2.get_subnet(subnet_id) for subnet_id in call.params["SubnetIds"]]
    zones = sorted({subnet.availability_zone for subnet in chosen})
    networks = sorted({subnet.vpc_id for subnet in chosen})
    if len(networks) > 1:
        refuse("InvalidSubnet", f"The subnets are not all in the same VPC: {', '.join(networks)}")
    if len(zones) < 2:
        refuse(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )


def engine(call: Call) -> str:
    return str(call.params.get("Engine") or getattr(existing(call), "engine", ""))


def existing(call: Call) -> Any:
    """The instance that the call is about, or None when it is a new one."""
    return call.rds.databases.get(call.params.get("DBInstanceIdentifier") or "")
