"""What AWS refuses and moto accepts: one table from the call to its rules, each a function of the call.

A rule returns nothing, or refuses with AWS's error code and a message that names the value.
"""

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response
from moto.ecs.exceptions import ECSException
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.responses import ELBV2Response
from moto.rds.exceptions import RDSClientError
from moto.rds.models import rds_backends
from moto.rds.responses import RDSResponse

from patches.patching import replaces
from . import databases, deletions, load_balancers, machines, network, security_groups, services, snapshots
from .call import Call, Refused

Rule = Callable[[Call], None]

EC2_RULES: dict[str, list[Rule]] = {
    "CreateVpcEndpoint": [network.endpoint_service],
    "CreateSubnet": [network.subnet_size, network.subnet_zone],
    "AttachInternetGateway": [network.one_internet_gateway],
    "CreateNatGateway": [network.nat_gateway_address],
    "CreateRoute": [network.route_target],
    "ReplaceRoute": [network.route_target],
    "CreateSecurityGroup": [security_groups.name],
    "AuthorizeSecurityGroupIngress": [security_groups.permissions],
    "AuthorizeSecurityGroupEgress": [security_groups.permissions],
    "RunInstances": [machines.user_data, machines.hop_limit, machines.volume_types, machines.groups_of_the_vpc],
    "ModifyInstanceMetadataOptions": [machines.hop_limit],
    "ModifyInstanceAttribute": [machines.user_data, machines.stopped, machines.new_groups_of_the_vpc],
    "DetachInternetGateway": [deletions.internet_gateway],
    "ReleaseAddress": [deletions.address_of_nat_gateway, deletions.address],
    "DeleteSecurityGroup": [deletions.security_group],
    "DeleteSubnet": [deletions.subnet],
    "DeleteRouteTable": [deletions.main_route_table],
    "DeleteVpc": [deletions.vpc],
}
RDS_RULES: dict[str, list[Rule]] = {
    "CreateDBInstance": [
        databases.master_password,
        databases.master_user,
        databases.engine_version,
        databases.instance_class,
        databases.storage,
        databases.growth,
        databases.backup_retention,
        databases.parameter_group,
        databases.security_groups,
    ],
    "ModifyDBInstance": [
        databases.master_password,
        databases.engine_version,
        databases.instance_class,
        databases.storage,
        databases.storage_shrinks,
        databases.growth,
        databases.backup_retention,
        databases.parameter_group,
        databases.security_groups,
    ],
    "CreateDBSnapshot": [snapshots.of_available_instance],
    "CopyDBSnapshot": [snapshots.no_copies],
    "RestoreDBInstanceFromDBSnapshot": [
        databases.instance_class,
        databases.parameter_group,
        databases.security_groups,
        snapshots.available,
        snapshots.with_data,
    ],
    "RestoreDBInstanceToPointInTime": [
        databases.instance_class,
        databases.parameter_group,
        databases.security_groups,
        snapshots.no_data_of_a_moment,
    ],
    "DeleteDBSnapshot": [snapshots.not_being_made],
    "CreateDBSubnetGroup": [databases.subnets],
    "ModifyDBSubnetGroup": [databases.subnets],
    "DeleteDBInstance": [deletions.final_snapshot],
    "DeleteDBSubnetGroup": [deletions.database_subnet_group],
    "DeleteDBParameterGroup": [deletions.database_parameter_group],
}

ELB_RULES: dict[str, list[Rule]] = {
    "CreateLoadBalancer": [
        load_balancers.two_zones,
        load_balancers.internet_gateway,
        load_balancers.groups_of_the_vpc,
    ],
    "SetSecurityGroups": [load_balancers.groups_of_the_vpc],
    "CreateListener": [load_balancers.certificate],
    "ModifyListener": [load_balancers.certificate],
}
ECS_RULES: dict[str, list[Rule]] = {
    "RegisterTaskDefinition": [services.fargate_size, services.execution_role, services.stop_timeout],
    "CreateService": [services.one_vpc, services.container_of_load_balancer],
    "UpdateService": [services.one_vpc],
}


def enforce(responses: Any, action: str, rules: list[Rule], error: type[ServiceException]) -> None:
    """Puts the rules before moto's handling of the action. `error` tells moto which service speaks."""

    @replaces(responses, camelcase_to_underscores(action))
    def checked(original: Any, response: Any) -> Any:
        account, region = response.current_account, response.region
        call = Call(response.params, ec2_backends[account][region], rds_backends[account][region])
        try:
            for rule in rules:
                rule(call)
        except Refused as refusal:
            raise error(refusal.code, str(refusal)) from None
        return original(response)


for _action, _rules in EC2_RULES.items():
    enforce(EC2Response, _action, _rules, EC2ClientError)
for _action, _rules in RDS_RULES.items():
    enforce(RDSResponse, _action, _rules, RDSClientError)
for _action, _rules in ELB_RULES.items():
    enforce(ELBV2Response, _action, _rules, ELBClientError)
for _action, _rules in ECS_RULES.items():
    enforce(EC2ContainerServiceResponse, _action, _rules, ECSException)
