"""Load balancers and their listeners."""

from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

from patches.public_addresses import has_internet_gateway

from .call import Call, refuse


def two_zones(call: Call) -> None:
    """API reference, CreateLoadBalancer, Subnets."""
    subnets = [call.ec2.get_subnet(each) for each in call.params.get("Subnets", [])]
    zones = [each.availability_zone for each in subnets]
    if len(set(zones)) < 2:
        message = "At least two subnets in two different Availability Zones must be specified"
        refuse("InvalidConfigurationRequest", message)
    if len(set(zones)) < len(zones):
        refuse(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )


def internet_gateway(call: Call) -> None:
    if call.params.get("Scheme", "internet-facing") != "internet-facing":
        return
    vpc_id = call.ec2.get_subnet(call.params["Subnets"][0]).vpc_id
    if not has_internet_gateway(call.ec2, vpc_id):
        refuse("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def groups_of_the_vpc(call: Call) -> None:
    subnet_ids = call.params.get("Subnets")
    if subnet_ids:
        vpc_id = call.ec2.get_subnet(subnet_ids[0]).vpc_id
    else:
        balancers = elbv2_backends[call.ec2.account_id][call.ec2.region_name].load_balancers
        vpc_id = balancers[call.params["LoadBalancerArn"]].vpc_id
    for group_id in call.params.get("SecurityGroups", []):
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            refuse("InvalidConfigurationRequest", "One or more security groups are invalid")


def certificate(call: Call) -> None:
    """A listener takes a certificate that is there and issued."""
    for each in call.params.get("Certificates", []):
        arn = each["CertificateArn"]
        bundle = acm_backends[call.ec2.account_id][call.ec2.region_name]._certificates.get(arn)
        if bundle is None:
            refuse("CertificateNotFound", f"Certificate '{arn}' not found")
        bundle.check()
        if bundle.status != "ISSUED":
            refuse(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
                "key size.",
            )
    if call.params.get("Protocol") == "HTTPS" and not call.params.get("Certificates"):
        refuse("ValidationError", "A certificate must be specified for HTTPS listeners")
