"""Public addresses: from the lab's subnet of 198.18.0.0/15, to those who ask, and never to two at once.

moto draws them at random from 54.214.0.0/16 and 127.0.0.0/8, and may draw one twice.
"""

import os
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from .patching import replaces

SUBNET_PREFIX = f"198.18.{int(os.environ.get('LAB_SUBNET', '0'))}"
# .1 to .63 belong to the lab's own hosts.
POOL = [f"{SUBNET_PREFIX}.{host}" for host in range(64, 251)]


def in_use() -> set[str]:
    """Public addresses held in any account and region: Elastic IPs and those of network interfaces."""
    backends = [backend for account in ec2_backends.values() for backend in account.values()]
    held = {address.public_ip for backend in backends for address in backend.addresses}
    return held | {eni.public_ip for backend in backends for eni in backend.enis.values() if eni.public_ip}


class Rotation:
    """Hands out the pool's addresses in turn: one that was released comes back last, as on AWS rarely at once."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> str:
        """A free address. Raises AddressLimitExceeded when the pool is exhausted."""
        held = in_use()
        for step in range(len(POOL)):
            index = (self._next + step) % len(POOL)
            if POOL[index] not in held:
                self._next = index + 1
                return POOL[index]
        raise EC2ClientError(
            "AddressLimitExceeded",
            f"The maximum number of addresses has been reached: all {len(POOL)} of the lab's pool, "
            f"{POOL[0]} to {POOL[-1]}, are in use. Release one.",
        )


rotation = Rotation()


@replaces(elastic_ip_addresses, "random_ip")
def elastic_ip(_original: Any) -> str:
    return rotation.take()


@replaces(elastic_network_interfaces, "random_public_ip")
def public_ip(_original: Any) -> str:
    return rotation.take()


def has_internet_gateway(backend: Any, vpc_id: str) -> bool:
    """Whether an internet gateway is attached to the VPC."""
    return any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values())


def is_elastic(eni: NetworkInterface) -> bool:
    """Whether the interface's public address is an Elastic IP."""
    return any(address.public_ip == eni.public_ip for address in eni.ec2_backend.addresses)


@replaces(NetworkInterface, "check_auto_public_ip")
def assign_public_ip(original: Any, eni: NetworkInterface) -> None:
    """moto draws a new address over an Elastic IP, and without an internet gateway that could map it."""
    if not eni.public_ip and has_internet_gateway(eni.ec2_backend, eni.vpc_id):
        original(eni)


@replaces(NetworkInterface, "stop")
def keep_elastic_ip(original: Any, eni: NetworkInterface) -> None:
    """An Elastic IP outlives a stop of its instance; moto takes it off."""
    if not is_elastic(eni):
        original(eni)


@replaces(ElasticAddressBackend, "associate_address")
def move_elastic_ip(original: Any, backend: Any, instance: Any = None, eni: Any = None, **named: Any) -> Any:
    """An address moves unless the caller forbids it, and no caller here does. moto moves it only on request.

    It leaves its old interface, where moto shows it still. No gateway, no mapping. (API reference, AssociateAddress.)
    """
    named["reassociate"] = True
    target = eni or instance.nics[0]
    if not has_internet_gateway(backend, target.vpc_id):
        raise EC2ClientError("Gateway.NotAttached", f"Network {target.vpc_id} is not attached to any internet gateway")
    before = {address.public_ip: address.eni for address in backend.addresses}
    moved = original(backend, instance=instance, eni=eni, **named)
    left = before[moved.public_ip]
    if left and left is not target:
        left.public_ip = None
        left.check_auto_public_ip()
    return moved


@replaces(NetworkInterface, "association")
def association(original: Any, eni: NetworkInterface) -> Any:
    """None without a public address; moto's empty one is read by providers as an address that was asked for."""
    return original(eni) or None
