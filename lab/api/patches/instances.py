"""Instances: their states, network interfaces, security groups, root device and metadata options."""

import copy
from functools import partial
from typing import Any

from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_dict_attribute_mapping

from .lifecycle import settle
from .patching import replaces

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
# The root volume of Debian's images.
ROOT_VOLUME = {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}
# moto answers this filter of AWS's with an error. An on-demand instance has no lifecycle.
filter_dict_attribute_mapping["instance-lifecycle"] = "lifecycle"


def enter(instance: Instance, state: str) -> None:
    """Puts the instance into the state."""
    instance._state = InstanceState(state, CODES[state])


@replaces(InstanceBackend, "run_instances")
def run(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    reservation = original(backend, *arguments, **named)
    for instance in reservation.instances:
        enter(instance, "pending")
        settle(instance.id, "running", partial(enter, instance, "running"))
    return reservation


@replaces(Instance, "start")
def start(original: Any, instance: Instance) -> InstanceState:
    previous = copy.copy(instance._state)
    if previous.name == "stopped":
        original(instance)
        enter(instance, "pending")
        settle(instance.id, "running", partial(enter, instance, "running"))
    return previous


@replaces(Instance, "stop")
def stop(original: Any, instance: Instance) -> InstanceState:
    previous = copy.copy(instance._state)
    if previous.name in ("pending", "running"):
        enter(instance, "stopping")
        settle(instance.id, "stopped", partial(original, instance))
    return previous


@replaces(Instance, "reboot")
def reboot(original: Any, instance: Instance) -> None:
    """An instance is `running` while it reboots, so the controller is told of it by another way than its state."""
    if instance._state.name == "running":
        settle(instance.id, "rebooted", lambda: None)


@replaces(Instance, "terminate")
def terminate(original: Any, instance: Instance) -> InstanceState:
    previous = copy.copy(instance._state)
    if previous.name not in ("shutting-down", "terminated"):
        enter(instance, "shutting-down")
        settle(instance.id, "terminated", partial(release, original, instance))
    return previous


def release(terminate_in_moto: Any, instance: Any) -> None:
    """A terminated instance holds no address, interface or security group; moto's goes on holding them."""
    backend = instance.ec2_backend
    for address in backend.addresses:
        if address.eni in instance.nics.values():
            backend.disassociate_address(address=address.public_ip)
    terminate_in_moto(instance)
    for eni in list(instance.nics.values()):
        instance.detach_eni(eni)
    instance._private_ips.clear()
    instance._launch_groups = []
    instance._subnet_id = None


@replaces(Instance, "prep_nics")
def create_interfaces(original: Any, instance: Instance, specification: list[Any], **named: Any) -> None:
    """An interface that is made at launch goes at termination unless that is switched off; moto's stays."""
    for interface in specification:
        if not interface.get("NetworkInterfaceId"):
            interface.setdefault("DeleteOnTermination", True)
    original(instance, specification, **named)
    if not specification:
        instance.nics[0].delete_on_termination = True


def groups_of(instance: Any) -> Any:
    """An instance's security groups are its primary interface's; moto keeps two lists."""
    nics = getattr(instance, "nics", None)
    return nics[0]._group_set if nics else instance._launch_groups


def set_groups(instance: Any, groups: list[Any]) -> None:
    if getattr(instance, "nics", None):
        instance.nics[0]._group_set = list(groups)
    else:
        instance._launch_groups = list(groups)


# By name, since moto sets it as an attribute of each instance.
setattr(Instance, "security_groups", property(groups_of, set_groups))  # noqa: B010


for _name in ("private_ip", "private_ip_address", "private_dns_name", "public_ip", "public_ip_address"):

    @replaces(Instance, _name)
    def while_it_has_interfaces(original: Any, instance: Instance) -> Any:
        return original(instance) if instance.nics else None


@replaces(InstanceBackend, "modify_instance_metadata_options")
def modify_some_options(original: Any, backend: Any, instance_id: str, **changes: Any) -> Any:
    """Options that are not named stay as they are; moto sets them back to its defaults."""
    options = backend.get_instance(instance_id).metadata_options
    current = {
        "http_tokens": options.http_tokens,
        "hop_limit": options.http_put_response_hop_limit,
        "http_endpoint": options.http_endpoint,
        "http_protocol": options.http_protocol_ipv6,
        "metadata_tags": options.instance_metadata_tags,
    }
    named = {key: value for key, value in changes.items() if value is not None}
    return original(backend, instance_id, **(current | named))


@replaces(InstanceResponse, "_parse_block_device_mapping")
def with_root_device(original: Any, response: Any) -> Any:
    """Each instance has its image's root device, and what a mapping of it leaves out comes from the image.

    moto calls the root /dev/sda1, and drops it as soon as another device is mapped.
    """
    image = response.ec2_backend.amis.get(response._get_param("ImageId"))
    if image:
        mappings = response.params.setdefault("BlockDeviceMappings", [])
        root = next((each for each in mappings if each.get("DeviceName") == image.root_device_name), None)
        if root is None:
            root = {"DeviceName": image.root_device_name}
            mappings.append(root)
        root["Ebs"] = ROOT_VOLUME | root.get("Ebs", {})
    return original(response)
