"""Security groups and their rules."""

from typing import Any

from .call import Call, refuse

PROTOCOLS = {"tcp", "udp", "icmp", "icmpv6", "-1"}
SOURCES = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")


def name(call: Call) -> None:
    wanted = call.params["GroupName"]
    if wanted.startswith("sg-"):
        refuse(
            "InvalidParameterValue",
            f"Value ({wanted}) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
        )


def permissions(call: Call) -> None:
    group = call.ec2.get_security_group_by_name_or_id(call.params.get("GroupId") or call.params["GroupName"])
    for permission in call.params.get("IpPermissions", []):
        protocol(permission)
        ports(permission)
        source(permission)
        for pair in permission.get("UserIdGroupPairs", []):
            same_network(call, group, pair)


def protocol(permission: dict[str, Any]) -> None:
    value = str(permission.get("IpProtocol", "null")).lower()
    if value not in PROTOCOLS and not (value.isdigit() and int(value) <= 255):
        refuse("InvalidParameterValue", f"Invalid value '{value}' for IP protocol. Unknown protocol.")


def ports(permission: dict[str, Any]) -> None:
    if str(permission["IpProtocol"]).lower() not in ("tcp", "udp", "6", "17"):
        return
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if first is None or last is None:
        refuse(
            "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        )
    for port in (int(first), int(last)):
        if not 0 <= port <= 65535:
            refuse("InvalidParameterValue", f"TCP/UDP port ({port}) out of range")
    if int(first) > int(last):
        refuse("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")


def source(permission: dict[str, Any]) -> None:
    if not any(permission.get(kind) for kind in SOURCES):
        refuse("MissingParameter", "Missing source specification: include source security group or CIDR information")


def same_network(call: Call, group: Any, pair: dict[str, Any]) -> None:
    other = call.ec2.get_security_group_from_id(pair.get("GroupId", ""))
    if group and other and group.vpc_id != other.vpc_id:
        refuse(
            "InvalidGroup.NotFound",
            f"You have specified two resources that belong to different networks: {group.id} and {other.id}.",
        )
