"""What leads to other services: S3's gateway endpoint with its routes, and flow logs to CloudWatch."""

from typing import Any

from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.ec2.models.managed_prefixes import ManagedPrefixList, ManagedPrefixListBackend
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

from .patching import replaces
from .public_addresses import SUBNET_PREFIX

# Where the lab's internet has S3.
S3_ADDRESSES = [{"Cidr": f"{SUBNET_PREFIX}.4/32", "Description": "S3"}]


@replaces(ManagedPrefixListBackend, "_create_aws_managed_prefix_list")
def list_of_the_lab(original: Any, backend: Any, name: str, address_family: str, entries: Any) -> None:
    original(backend, name, address_family, S3_ADDRESSES if name.endswith(".s3") else entries)


def cidrs(prefix_list: ManagedPrefixList) -> list[str]:
    return [entry["Cidr"] for entry in prefix_list.entries.get(prefix_list.version or 1, [])]


# By name, since moto has none: DescribePrefixLists tells the networks.
setattr(ManagedPrefixList, "cidrs", property(cidrs))  # noqa: B010


@replaces(VPCBackend, "create_vpc_endpoint")
def create(original: Any, backend: Any, *, endpoint_type: str | None, **named: Any) -> Any:
    """Gateway is the default type, and has no DNS names; moto fails to delete one by default, and gives it some."""
    kind = endpoint_type or "Gateway"
    if kind == "Gateway":
        named["private_dns_enabled"] = False
    return original(backend, endpoint_type=kind, **named)


@replaces(VPCEndPoint, "modify")
def modify_with_routes(original: Any, endpoint: Any, *changes: Any) -> None:
    """A table that a gateway endpoint gets or loses gets or loses its route; moto's does at creation only."""
    before = set(endpoint.route_table_ids)
    original(endpoint, *changes)
    after = set(endpoint.route_table_ids)
    backend, prefix_list = endpoint.ec2_backend, endpoint.destination_prefix_list_id
    for table_id in after - before:
        backend.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
    for table_id in before - after:
        backend.delete_route(table_id, prefix_list)


@replaces(VPCBackend, "delete_vpc_endpoints")
def delete_at_once(original: Any, backend: Any, vpce_ids: list[str] | None = None) -> None:
    """A deleted gateway endpoint is gone; moto describes it for ever."""
    original(backend, vpce_ids)
    for endpoint_id in vpce_ids or []:
        backend.vpc_end_points.pop(endpoint_id, None)


# As DescribeTags names them; moto says flow-logs.
EC2_PREFIX_TO_RESOURCE["fl"] = "vpc-flow-log"


@replaces(FlowLogsBackend, "create_flow_logs")
def create_flow_logs(original: Any, backend: Any, **named: Any) -> Any:
    """A log group may be given by its ARN, which moto does not look at."""
    destination = named.get("log_destination") or ""
    if destination.startswith("arn:aws:logs:"):
        named["log_group_name"] = destination.split(":")[6]
    return original(backend, **named)
