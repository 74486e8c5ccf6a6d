"""Addresses inside a subnet: which are taken follows from its network interfaces.

moto keeps lists of its own beside them, which differ after a termination, and draws the addresses of NAT
gateways and of plain interfaces at random from 10.0.0.0/8.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import nat_gateways, vpcs
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet, SubnetBackend

from .patching import replaces


def reserved(network: IPv4Network | IPv6Network) -> set[IPv4Address | IPv6Address]:
    """Network, router, resolver, one for the future and broadcast (VPC user guide, "Subnet sizing")."""
    return {network[index] for index in (0, 1, 2, 3, -1)}


def taken(subnet: Subnet) -> set[str]:
    """The addresses of the subnet's network interfaces."""
    return {
        address["PrivateIpAddress"]
        for eni in subnet.ec2_backend.enis.values()
        if eni.subnet.id == subnet.id
        for address in eni.private_ip_addresses
    }


@replaces(Subnet, "get_available_subnet_ip")
def lowest_free_address(_original: Any, subnet: Subnet, instance: Any = None) -> str:
    unusable = taken(subnet) | {str(address) for address in reserved(subnet.cidr)}
    free = next((address for address in map(str, subnet.cidr) if address not in unusable), None)
    if free is None:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of "
            f"instances: {subnet.cidr} is full.",
        )
    return free


@replaces(Subnet, "request_ip")
def check_requested_address(_original: Any, subnet: Subnet, ip: str, instance: Any = None) -> None:
    address = ip_address(ip)
    if address not in subnet.cidr:
        raise EC2ClientError("InvalidParameterValue", f"Address {ip} does not fall within the subnet's address range")
    if address in reserved(subnet.cidr):
        raise EC2ClientError("InvalidParameterValue", f"Address {ip} is in subnet's reserved address range")
    if ip in taken(subnet):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {ip} is in use.")


@replaces(NetworkInterfaceBackend, "create_network_interface")
def interface_with_address(
    original: Any, backend: Any, subnet: Any, private_ip_address: Any = None, *rest: Any, **named: Any
) -> Any:
    place = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
    if private_ip_address:
        place.request_ip(private_ip_address, None)
    elif not named.get("private_ip_addresses"):
        private_ip_address = place.get_available_subnet_ip(None)
    return original(backend, place, private_ip_address, *rest, **named)


for module in (nat_gateways, vpcs):

    @replaces(module, "random_private_ip")
    def none_wanted(_original: Any, *_arguments: Any) -> None:
        """The interface's subnet gives the address."""


@replaces(SubnetBackend, "create_subnet")
def create_subnet(original: Any, backend: Any, vpc_id: str, *arguments: Any, **named: Any) -> Subnet:
    """A new subnet maps no public addresses; moto's first in a zone does, once the default VPC is gone."""
    subnet: Subnet = original(backend, vpc_id, *arguments, **named)
    subnet.default_for_az = subnet.map_public_ip_on_launch = backend.get_vpc(vpc_id).is_default
    return subnet


def zones(backend: Any) -> list[str]:
    """Names of the availability zones of the backend's region."""
    return [zone.name for zone in backend.zones[backend.region_name]]


@replaces(SubnetBackend, "delete_subnet")
def delete_subnet_with_associations(original: Any, backend: Any, subnet_id: str) -> Any:
    """A subnet's route table association goes with it; moto's stays and keeps the table from being deleted."""
    for table in backend.route_tables.values():
        kept = {key: target for key, target in table._associations.items() if target != subnet_id}
        table._associations = kept
    return original(backend, subnet_id)
