"""Subnets, gateways and routes."""

from ipaddress import ip_network

from patches.private_addresses import zones
from .call import Call, refuse


def subnet_size(call: Call) -> None:
    """VPC user guide, "Subnet sizing": /16 to /28."""
    cidr = call.params["CidrBlock"]
    try:
        size = ip_network(cidr, strict=False).prefixlen
    except ValueError:
        return  # moto refuses what is no CIDR
    if not 16 <= size <= 28:
        refuse("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")


def subnet_zone(call: Call) -> None:
    zone = call.params.get("AvailabilityZone")
    if zone and zone not in zones(call.ec2):
        refuse(
            "InvalidParameterValue",
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created "
            f"in the following availability zones: {', '.join(zones(call.ec2))}.",
        )


def one_internet_gateway(call: Call) -> None:
    vpc_id = call.params["VpcId"]
    wanted = call.params["InternetGatewayId"]
    for gateway in call.ec2.internet_gateways.values():
        if gateway.vpc and gateway.vpc.id == vpc_id and gateway.id != wanted:
            refuse("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached: {gateway.id}")


def nat_gateway_address(call: Call) -> None:
    if call.params.get("ConnectivityType") != "private" and not call.params.get("AllocationId"):
        refuse(
            "MissingParameter",
            "The request must include the AllocationId parameter. Add the required parameter and retry the request.",
        )


def endpoint_service(call: Call) -> None:
    """Of gateway endpoints, which a region has for S3 and DynamoDB."""
    service = call.params["ServiceName"]
    known = [each.prefix_list_name for each in call.ec2.managed_prefix_lists.values()]
    if call.params.get("VpcEndpointType", "Gateway") == "Gateway" and service not in known:
        refuse("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")


TARGETS = (
    "CarrierGatewayId", "EgressOnlyInternetGatewayId", "GatewayId", "InstanceId", "NatGatewayId",
    "NetworkInterfaceId", "TransitGatewayId", "VpcEndpointId", "VpcPeeringConnectionId",
)  # fmt: skip


def route_target(call: Call) -> None:
    named = [target for target in TARGETS if call.params.get(target)]
    if len(named) != 1:
        refuse(
            "MissingParameter",
            f"The request must contain exactly one of {', '.join(TARGETS)}; it has {' and '.join(named) or 'none'}",
        )
    table = call.ec2.get_route_table(call.params["RouteTableId"])
    nat_id, gateway_id = call.params.get("NatGatewayId"), call.params.get("GatewayId")
    if nat_id:
        nat = call.ec2.nat_gateways.get(nat_id)
        if nat is None or nat.state == "deleted":
            refuse("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat_id}' does not exist")
        if nat.vpc_id != table.vpc_id:
            differ(table.id, f"nat gateway {nat_id}")
    if gateway_id and gateway_id.startswith("igw-"):
        gateway = call.ec2.get_internet_gateway(gateway_id)
        if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
            differ(table.id, f"network gateway {gateway_id}")


def differ(table_id: str, other: str) -> None:
    refuse("InvalidParameterValue", f"route table {table_id} and {other} belong to different networks")
