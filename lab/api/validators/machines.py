"""Instances."""

from base64 import b64decode
from typing import Any

from .call import Call, refuse

USER_DATA_BYTES = 16384
VOLUME_TYPES = {"standard", "io1", "io2", "gp2", "gp3", "sc1", "st1"}


def user_data(call: Call) -> None:
    """EC2 user guide: 16 KB before it is encoded."""
    given = call.params.get("UserData")
    # moto has decoded the bytes of ModifyInstanceAttribute, but not the text of RunInstances.
    size = len(given.get("Value", "")) if isinstance(given, dict) else len(b64decode(given or ""))
    if size > USER_DATA_BYTES:
        refuse("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes: {size} were given.")


def hop_limit(call: Call) -> None:
    limit = call.params.get("MetadataOptions", call.params).get("HttpPutResponseHopLimit")
    if limit is not None and not 1 <= int(limit) <= 64:
        refuse(
            "InvalidParameterValue",
            f"The value for HttpPutResponseHopLimit is invalid: {limit} is not between 1 and 64.",
        )


def volume_types(call: Call) -> None:
    for mapping in call.params.get("BlockDeviceMappings", []):
        kind = mapping.get("Ebs", {}).get("VolumeType")
        if kind and kind not in VOLUME_TYPES:
            refuse("UnknownVolumeType", f"Unsupported volume type '{kind}' for volume creation.")


def stopped(call: Call) -> None:
    """What an instance is told when it starts is changed while it is stopped (API reference, ModifyInstanceAttribute)."""
    instance = call.ec2.get_instance(call.params["InstanceId"])
    named = {name.lower() for name in (*call.params, call.params.get("Attribute", ""))}
    if instance.state != "stopped" and named & {"instancetype", "userdata"}:
        refuse("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")


def groups_of_the_vpc(call: Call) -> None:
    same_network(call, call.params.get("SubnetId"), call.params.get("SecurityGroupIds", []))


def new_groups_of_the_vpc(call: Call) -> None:
    instance = call.ec2.get_instance(call.params["InstanceId"])
    same_network(call, instance.subnet_id, call.params.get("Groups", []))


def same_network(call: Call, subnet_id: str | None, group_ids: list[Any]) -> None:
    if subnet_id is None:
        return
    subnet = call.ec2.get_subnet(subnet_id)
    for group_id in group_ids:
        group = call.ec2.get_security_group_from_id(group_id)
        if group and group.vpc_id != subnet.vpc_id:
            refuse(
                "InvalidParameter", f"Security group {group_id} and subnet {subnet_id} belong to different networks."
            )
