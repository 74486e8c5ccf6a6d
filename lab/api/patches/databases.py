"""RDS instances: full versions, an interface in their subnets, changes that wait, and lives that take time."""

import random
import string
from datetime import timedelta
from functools import partial
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds import utils
from moto.rds.exceptions import DBParameterGroupNotFoundError, RDSClientError
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend
from moto.rds.responses import RDSResponse

from .lifecycle import settle
from .patching import replaces

# RDS user guide, "MySQL on Amazon RDS versions", at the end of 2026; the newest last.
MYSQL_VERSIONS = [f"8.0.{patch}" for patch in range(42, 47)] + [f"8.4.{patch}" for patch in range(5, 11)]
# What waits for the maintenance window unless it is to be applied at once (API reference, ModifyDBInstance).
WAITING = {
    "db_instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "storage_type": "StorageType",
    "iops": "Iops",
    "engine_version": "EngineVersion",
    "multi_az": "MultiAZ",
}


def full_version(version: str | None) -> str | None:
    """`8.4`, or nothing, means the newest minor version of MySQL 8.4; None: RDS has no such version."""
    wanted = version or "8.4"
    matching = [each for each in MYSQL_VERSIONS if each == wanted or each.startswith(f"{wanted}.")]
    return matching[-1] if matching else None


@replaces(RDSBackend, "create_db_instance")
def create(original: Any, backend: RDSBackend, arguments: Any) -> Any:
    if arguments["engine"] == "mysql":
        arguments["engine_version"] = full_version(arguments.get("engine_version"))
    group = arguments.get("db_subnet_group_name")
    subnet = place(backend, group, arguments.get("availability_zone")) if group else None
    database = original(backend, arguments)
    # Providers find an instance by this id; moto gives all the same.
    database.dbi_resource_id = "db-" + "".join(random.choices(string.ascii_uppercase + string.digits, k=26))
    # RDS user guide, "Amazon RDS Extended Support": on unless it is declined at creation. moto has no such attribute.
    database.engine_lifecycle_support = arguments.get("engine_lifecycle_support", "open-source-rds-extended-support")
    if subnet:
        connect(database, subnet, arguments.get("vpc_security_group_ids"))
    database.status = "creating"
    enter = partial(setattr, database, "status")
    settle(database.db_instance_identifier, "available", partial(enter, "available"), partial(enter, "failed"))
    return database


def place(backend: RDSBackend, group_name: str, zone: str | None) -> Any:
    """The subnet of the group in which a new instance stands; moto puts each into zone a."""
    for subnet in backend.describe_db_subnet_groups(group_name)[0]._subnets:
        if zone in (None, subnet.availability_zone):
            return subnet
    raise RDSClientError(
        "InvalidVPCNetworkStateFault", f"The DB subnet group {group_name} has no subnet in availability zone {zone}."
    )


def connect(database: Any, subnet: Any, group_ids: list[str] | None) -> None:
    """Gives the instance the interface by which it is reached; moto's has none.

    So its address is taken, and its subnet and security groups cannot go before it.
    """
    ec2: Any = subnet.ec2_backend
    database.availability_zone = subnet.availability_zone
    if not group_ids:
        database.vpc_security_group_ids = [ec2.get_default_security_group(subnet.vpc_id).id]
    database.interface = ec2.create_network_interface(
        subnet, group_ids=database.vpc_security_group_ids, description="RDSNetworkInterface"
    )
    database.interface.requester_managed = True


@replaces(RDSBackend, "modify_db_instance")
def modify(original: Any, backend: RDSBackend, identifier: str, arguments: Any) -> Any:
    """Some changes wait for the maintenance window, or for a change that is applied at once; moto's never do."""
    database: Any = backend.describe_db_instances(identifier)[0]
    if database.engine == "mysql" and arguments.get("engine_version"):
        arguments["engine_version"] = full_version(arguments["engine_version"])
    waiting = getattr(database, "waiting", {}) | {
        key: arguments.pop(key) for key in WAITING if arguments.get(key) not in (None, getattr(database, key))
    }
    if arguments.get("apply_immediately"):
        arguments.update(waiting)
        waiting = {}
    database.waiting = waiting
    database.pending_modified_values = {WAITING[key]: value for key, value in waiting.items()}
    original(backend, identifier, arguments)
    interface = getattr(database, "interface", None)
    if interface:
        ec2 = ec2_backends[database.account_id][database.region]
        interface._group_set = [ec2.get_security_group_from_id(each) for each in database.vpc_security_group_ids]
    return database


@replaces(utils, "get_start_date_end_date")
def window(original: Any, base_date: str, text: str) -> Any:
    """A maintenance window may begin on Sunday and end on Monday, which is moto's first day."""
    start, end = original(base_date, text)
    return start, end + timedelta(days=7) if end < start else end


@replaces(RDSBackend, "delete_db_instance")
def delete(original: Any, backend: RDSBackend, db_instance_identifier: str, **named: Any) -> DBInstance:
    """It is seen as `deleting`, and uses its groups, until it is gone."""
    database: DBInstance = original(backend, db_instance_identifier, **named)
    backend.databases[db_instance_identifier] = database
    settle(database.db_instance_identifier, "deleted", partial(remove, backend, database))
    return database


def remove(backend: RDSBackend, database: DBInstance) -> None:
    del backend.databases[database.db_instance_identifier]
    interface = getattr(database, "interface", None)
    if interface:
        interface.delete()


@replaces(DBParameterGroup, "update_parameters")
def parameters_of_the_user(original: Any, group: DBParameterGroup, parameters: Any) -> None:
    """What was set is told from the engine's defaults by its source."""
    original(group, [parameter | {"Source": "user"} for parameter in parameters])


def reset_parameters(response: RDSResponse) -> ActionResult:
    """ResetDBParameterGroup: parameters, or all, go back to the engine's defaults."""
    name = response.params["DBParameterGroupName"]
    group = response.backend.db_parameter_groups.get(name)
    if group is None:
        raise DBParameterGroupNotFoundError(name)
    named = [parameter["ParameterName"] for parameter in response.params.get("Parameters", [])]
    for parameter in named or list(group.parameters):
        group.parameters.pop(parameter, None)
    return ActionResult({"DBParameterGroupName": name})


# By name, since moto has none.
setattr(RDSResponse, "reset_db_parameter_group", reset_parameters)  # noqa: B010
