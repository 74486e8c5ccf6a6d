"""By which S3 endpoint a machine's call comes, and what that lets through.

VPC user guide, "Control access to VPC endpoints using endpoint policies": the policy replaces none of the others.
The lab knows the machine of a call by its role's session, so it judges neither unsigned calls nor those of tasks.
"""

import json
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.vpcs import VPCEndPoint
from moto.sts.models import sts_backends

import policies


def statements(access_key: str) -> list[policies.Statement] | None:
    """Of the policy of the endpoint that the caller's subnet has a route to; None without one."""
    for by_partition in sts_backends.values():
        for sts in by_partition.values():
            session = sts.get_assumed_role_from_access_key(access_key)
            endpoint = session and _endpoint_of(session.session_name)
            if endpoint:
                return policies.statements(json.loads(endpoint.policy_document))
    return None


def _endpoint_of(instance_id: str) -> VPCEndPoint | None:
    """The name of an instance's session is its id."""
    for by_region in ec2_backends.values():
        for ec2 in by_region.values():
            subnet = next((each.subnet_id for each in ec2.all_instances() if each.id == instance_id), None)
            table = subnet and _table_of(ec2, subnet)
            for endpoint in ec2.vpc_end_points.values():
                if endpoint.service_name.endswith(".s3") and table in endpoint.route_table_ids:
                    return endpoint
    return None


def _table_of(ec2: EC2Backend, subnet_id: str) -> Any:
    vpc_id = ec2.get_subnet(subnet_id).vpc_id
    tables = [each for each in ec2.route_tables.values() if each.vpc_id == vpc_id]
    own = [each.id for each in tables if any(of.get("SubnetId") == subnet_id for of in each.associations)]
    return own[0] if own else next(each.id for each in tables if each.main_association_id)
