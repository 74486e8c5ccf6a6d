"""NAT gateways that fail without an internet gateway and let go of address and interface when deleted."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.nat_gateways import NatGatewayBackend

from .patching import replaces
from .public_addresses import has_internet_gateway


@replaces(NatGatewayBackend, "create_nat_gateway")
def create_or_fail(
    original: Any,
    backend: Any,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None = None,
    connectivity_type: str | None = None,
) -> Any:
    """Without an internet gateway AWS answers, and the gateway's state is `failed` with the reason.

    (VPC user guide, "Troubleshoot NAT gateways".)
    """
    connectivity = connectivity_type or "public"
    vpc_id = backend.get_subnet(subnet_id).vpc_id
    works = connectivity == "private" or has_internet_gateway(backend, vpc_id)
    gateway = original(backend, subnet_id, allocation_id if works else None, tags, connectivity)
    gateway._eni.description = f"Interface for NAT Gateway {gateway.id}"
    gateway._eni.interface_type = "nat_gateway"
    if not works:
        gateway.state = "failed"
        gateway.failure_code = "Gateway.NotAttached"
        gateway.failure_message = f"Network {vpc_id} has no Internet gateway attached"
        gateway.address_set.clear()
        gateway._eni.delete()
    return gateway


@replaces(NatGatewayBackend, "delete_nat_gateway")
def delete_with_interface(original: Any, backend: Any, nat_gateway_id: str) -> Any:
    gateway = backend.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")
    eni = gateway._eni
    if eni.id in backend.enis:
        for address in backend.addresses:
            if address.eni is eni:
                backend.disassociate_address(address=address.public_ip)
        eni.delete()
    return original(backend, nat_gateway_id)
