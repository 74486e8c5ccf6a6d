"""Deletions out of order: what is in use stays."""

from typing import Any

from .call import Call, refuse


def internet_gateway(call: Call) -> None:
    vpc_id = call.params["VpcId"]
    mapped = [eni.public_ip for eni in call.ec2.enis.values() if eni.vpc_id == vpc_id and eni.public_ip]
    if mapped:
        refuse(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es): {', '.join(mapped)}. Please unmap those public "
            "address(es) before detaching the gateway.",
        )


def address_of_nat_gateway(call: Call) -> None:
    found = elastic_address(call)
    if found and found.eni and found.eni.interface_type == "nat_gateway":
        refuse(
            "AuthFailure",
            f"You do not have permission to access the specified resource: {found.public_ip} belongs to a NAT "
            "gateway. Delete the gateway first.",
        )


def address(call: Call) -> None:
    found = elastic_address(call)
    if found and found.association_id:
        refuse("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")


def elastic_address(call: Call) -> Any:
    wanted = {call.params.get("AllocationId"), call.params.get("PublicIp")} - {None}
    return next((each for each in call.ec2.addresses if wanted & {each.allocation_id, each.public_ip}), None)


def security_group(call: Call) -> None:
    wanted = call.params.get("GroupId") or call.params["GroupName"]
    group = call.ec2.get_security_group_by_name_or_id(wanted)
    if group is None:
        return  # moto says so
    if group.is_default:
        refuse("CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user')
    of_interface = any(group in eni.group_set for eni in call.ec2.enis.values())
    of_rule = any(
        rule.source_group.get("GroupId") == group.id
        for groups in call.ec2.groups.values()
        for other in groups.values()
        if other is not group
        for rule in [*other.ingress_rules, *other.egress_rules]
    )
    if of_interface or of_rule:
        refuse("DependencyViolation", f"resource {group.id} has a dependent object")


def subnet(call: Call) -> None:
    subnet_id = call.params["SubnetId"]
    if any(eni.subnet.id == subnet_id for eni in call.ec2.enis.values()):
        refuse("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def main_route_table(call: Call) -> None:
    table = call.ec2.get_route_table(call.params["RouteTableId"])
    if table.main_association_id:
        refuse("DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted.")


def vpc(call: Call) -> None:
    vpc_id = call.params["VpcId"]
    groups = call.ec2.groups.get(vpc_id, {}).values()
    gateways = call.ec2.internet_gateways.values()
    if any(not group.is_default for group in groups) or any(
        gateway.vpc and gateway.vpc.id == vpc_id for gateway in gateways
    ):
        refuse("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def final_snapshot(call: Call) -> None:
    if not call.params.get("SkipFinalSnapshot") and not call.params.get("FinalDBSnapshotIdentifier"):
        refuse(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )


def database_subnet_group(call: Call) -> None:
    name = call.params["DBSubnetGroupName"]
    for database in call.rds.databases.values():
        group = getattr(database, "db_subnet_group", None)
        if group and group.name == name.lower():
            refuse(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{database.db_instance_identifier} is still using it.",
            )


def database_parameter_group(call: Call) -> None:
    name = call.params["DBParameterGroupName"]
    for database in call.rds.databases.values():
        if database.db_parameter_group_name == name:
            refuse(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of this parameter group {name}, "
                f"so the group cannot be deleted: {database.db_instance_identifier}",
            )
