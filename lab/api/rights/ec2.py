"""The permissions of EC2's calls: for each resource that a call names, by the tags that it has, and for each new one.

Source: EC2 user guide, "Identity-based policies for Amazon EC2" and "Grant permission to tag Amazon EC2 resources
during creation".
"""

import re

from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import iam_backends

from rights.actions import kinds, resource_types
from rights.need import Call, Need, Tags, tagged

# What ids begin with.
_KINDS = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")
_MAKES = ("Allocate", "Authorize", "Create", "Import", "Run")
_SPECIFIED = re.compile(r"TagSpecification\.(\d+)\.(ResourceType|Tag\.(\d+)\.(Key|Value))")


def needs(call: Call) -> list[Need]:
    action = call.action
    named = _named(call)
    if action in ("CreateTags", "DeleteTags"):
        request = _request_tags(call, "Tag")
        return [Need(f"ec2:{action}", arn, tagged(tags, request)) for arn, tags in named.items()]
    given = _tags_at_creation(call)
    made = _made(action)
    found = [Need(f"ec2:{action}", arn, tagged(tags, {})) for arn, tags in named.items()]
    for kind in made:
        found.append(Need(f"ec2:{action}", _arn(call, kind, "*"), tagged({}, given.get(kind, {}))))
    for kind, tags in given.items():
        context = tagged({}, tags) | {"ec2:createaction": action}
        found.append(Need("ec2:CreateTags", _arn(call, kind, "*"), context))
    return (found or [Need(f"ec2:{action}", "*", tagged({}, {}))]) + _passed(call)


def _made(action: str) -> list[str]:
    """Kinds of the resources that the action makes, which are those that it can tag and that have no tags yet."""
    if not action.startswith(_MAKES):
        return []
    return [
        kind.removesuffix("*")
        for kind, keys in resource_types("ec2", action).items()
        if "aws:RequestTag/${TagKey}" in keys
        and "aws:ResourceTag/${TagKey}" not in keys
        and (kind.endswith("*") or kind in ("volume", "security-group-rule"))
    ]


def _named(call: Call) -> dict[str, Tags]:
    """ARN and tags of each resource that the call names."""
    backend = ec2_backends[call.account][call.region]
    limited = kinds("ec2", call.action)
    found: dict[str, Tags] = {}
    for parameter, value in call.form.items():
        for identifier in _behind(backend, parameter, value):
            match = _ID.fullmatch(identifier)
            kind = _KINDS.get(match[1]) if match else None
            if kind in limited:
                found[_arn(call, kind, identifier)] = dict(backend.tags.get(identifier, {}))
        if parameter == "KeyName" and "key-pair" in limited and call.action != "ImportKeyPair":
            pair = backend.key_pairs.get(value)
            found[_arn(call, "key-pair", value)] = dict(backend.tags.get(pair.id, {})) if pair else {}
    return found


def _behind(backend: EC2Backend, parameter: str, value: str) -> list[str]:
    """The resources that a value of a parameter is for: both ends of an association, or what has an id itself."""
    if parameter == "AssociationId" and value.startswith("eipassoc-"):
        return [each.allocation_id for each in backend.addresses if each.association_id == value]
    if parameter == "AssociationId" and value.startswith("rtbassoc-"):
        ends = [each for table in backend.route_tables.values() for each in table.associations]
        found = [each for each in ends if each.get("RouteTableAssociationId") == value]
        return [str(each.get(end, "")) for each in found for end in ("RouteTableId", "SubnetId")]
    return [value]


def _arn(call: Call, kind: str, identifier: str) -> str:
    account = "" if kind == "image" else call.account
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{identifier}"


def _request_tags(call: Call, prefix: str) -> Tags:
    form = call.form
    names = (name for name in form if re.fullmatch(rf"{prefix}\.\d+\.Key", name))
    return {form[name]: form.get(f"{name.removesuffix('Key')}Value", "") for name in names}


def _tags_at_creation(call: Call) -> dict[str, Tags]:
    """By kind of resource, as far as tags are given."""
    found: dict[str, Tags] = {}
    for name, value in call.form.items():
        match = _SPECIFIED.fullmatch(name)
        if match and match[2] == "ResourceType":
            if tags := _request_tags(call, rf"TagSpecification\.{match[1]}\.Tag"):
                found[value] = tags
    return found


def _passed(call: Call) -> list[Need]:
    """IAM user guide, "Grant a user permissions to pass a role to an AWS service"."""
    form = call.form
    roles: dict[str, str] = {}
    profile = form.get("IamInstanceProfile.Name") or form.get("IamInstanceProfile.Arn", "").split("/")[-1]
    if profile:
        roles |= {arn: "ec2.amazonaws.com" for arn in _roles_of(call, profile)}
    if "DeliverLogsPermissionArn" in form:
        roles[form["DeliverLogsPermissionArn"]] = "vpc-flow-logs.amazonaws.com"
    return [Need("iam:PassRole", arn, {"iam:passedtoservice": service}) for arn, service in roles.items()]


def _roles_of(call: Call, profile: str) -> list[str]:
    profiles = iam_backends[call.account]["aws"].instance_profiles.values()
    return [role.arn for each in profiles if each.name == profile for role in each.roles]
