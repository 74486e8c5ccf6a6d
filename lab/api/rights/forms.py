"""The permissions of the calls of services whose requests are forms: RDS, IAM, ELB, SNS, CloudWatch, STS."""

import re
from collections.abc import Callable

from moto.iam.models import iam_backends

import policies
from rights.actions import kinds
from rights.need import Call, Need, Tags, pairs, tagged


def needs(service: str, call: Call) -> list[Need]:
    context = tagged(None, _given(call)) | _CONTEXTS.get(service, _no_context)(call)
    resources = SERVICES[service](call) or ["*"]
    found = [Need(f"{service}:{call.action}", each, context) for each in dict.fromkeys(resources)]
    return found + _tagging(service, call, resources) + _passed(service, call)


def _given(call: Call) -> Tags:
    """The tags that a call sets: as Tags.member.1.Key and Tags.Tag.1.Key, or as JSON."""
    if call.json:
        return pairs(call.json.get("Tags", []))
    names = [re.fullmatch(r"(Tags\.\w+\.\d+\.)Key", name) for name in call.form]
    return {call.form[match[0]]: call.form.get(f"{match[1]}Value", "") for match in names if match}


def _one(call: Call, name: str) -> str:
    """A parameter in either protocol."""
    return str(call.json.get(name, "")) if call.json else call.form.get(name, "")


# Parameters of RDS, and what the ARN of such a resource begins with.
_RDS = {
    "DBInstanceIdentifier": "db",
    "TargetDBInstanceIdentifier": "db",
    "SourceDBInstanceIdentifier": "db",
    "SourceDbiResourceId": "auto-backup",
    "DBSubnetGroupName": "subgrp",
    "DBParameterGroupName": "pg",
    "DBSnapshotIdentifier": "snapshot",
    "FinalDBSnapshotIdentifier": "snapshot",
    "OptionGroupName": "og",
}


def _rds(call: Call) -> list[str]:
    limited = kinds("rds", call.action)
    if "ResourceName" in call.form:
        return [call.form["ResourceName"]]
    named = [
        value if value.startswith("arn:") else call.arn("rds", f"{_RDS[name]}:{value}")
        for name, value in call.form.items()
        if name in _RDS and (_RDS[name] in limited or name == "FinalDBSnapshotIdentifier")
    ]
    if "RestoreDBInstance" in call.action and "og" in limited and "OptionGroupName" not in call.form:
        named.append(call.arn("rds", "og:default:mysql"))
    # A description of all is one of each kind that the action has.
    return named or [call.arn("rds", f"{kind}:*") for kind in sorted(limited)]


_IAM = {
    "RoleName": "role",
    "InstanceProfileName": "instance-profile",
    "UserName": "user",
    "PolicyName": "policy",
}


def _iam(call: Call) -> list[str]:
    limited = kinds("iam", call.action)
    if call.action == "CreateServiceLinkedRole":
        service = call.form["AWSServiceName"]
        return [call.role(f"aws-service-role/{service}/AWSServiceRoleFor*")]
    if "PolicyArn" in call.form and "policy" in limited:
        return [call.form["PolicyArn"]]
    if "OpenIDConnectProviderArn" in call.form:
        return [call.form["OpenIDConnectProviderArn"]]
    return [
        _iam_arn(call, _IAM[name], value)
        for name, value in call.form.items()
        if name in _IAM and _IAM[name] in limited
    ]


def _iam_arn(call: Call, kind: str, name: str) -> str:
    """A role's has its path in it, which calls after its creation do not name."""
    roles = iam_backends[call.account]["aws"].roles.values() if kind == "role" else ()
    existing = [each.arn for each in roles if each.name == name]
    return existing[0] if existing else f"arn:aws:iam::{call.account}:{kind}{call.form.get('Path', '/')}{name}"


def _iam_context(call: Call) -> policies.Context:
    context: policies.Context = {}
    if "AWSServiceName" in call.form:
        context["iam:awsservicename"] = call.form["AWSServiceName"]
    if "PolicyArn" in call.form:
        context["iam:policyarn"] = call.form["PolicyArn"]
    # In a call that creates or changes a boundary it is the new one, else the one that the role has.
    boundary = call.form.get("PermissionsBoundary")
    role = iam_backends[call.account]["aws"].roles
    had = [each.permissions_boundary_arn for each in role.values() if each.name == call.form.get("RoleName")]
    if boundary or (had and had[0]):
        context["iam:permissionsboundary"] = boundary or str(had[0])
    return context


def _elb(call: Call) -> list[str]:
    limited = kinds("elasticloadbalancing", call.action)
    if not limited:
        return []
    if call.action == "CreateLoadBalancer":
        return [call.arn("elasticloadbalancing", f"loadbalancer/app/{call.form['Name']}/*")]
    if call.action == "CreateTargetGroup":
        return [call.arn("elasticloadbalancing", f"targetgroup/{call.form['Name']}/*")]
    named = (call.values(name) for name in ("LoadBalancerArn", "ListenerArn", "TargetGroupArn", "ResourceArns"))
    return [arn for values in named for arn in values]


def _sns(call: Call) -> list[str]:
    if call.action == "CreateTopic":
        return [call.arn("sns", call.form["Name"])]
    return [arn for name in ("TopicArn", "ResourceArn") for arn in call.values(name)]


def _cloudwatch(call: Call) -> list[str]:
    if "alarm" not in kinds("cloudwatch", call.action):
        return []
    if arn := _one(call, "ResourceARN"):
        return [arn]
    names = call.json.get("AlarmNames", []) if call.json else call.values("AlarmNames")
    single = _one(call, "AlarmName")
    return [call.arn("cloudwatch", f"alarm:{name}") for name in [*names, *([single] if single else [])] or ["*"]]


def _cloudwatch_context(call: Call) -> policies.Context:
    namespace = _one(call, "Namespace") if call.action == "PutMetricData" else ""
    return {"cloudwatch:namespace": namespace} if namespace else {}


def _sts(call: Call) -> list[str]:
    return call.values("RoleArn")


def _no_context(_call: Call) -> policies.Context:
    return {}


# The action that sets tags in a call that creates; AWS checks it beside the one that creates.
_TAGGERS = {
    "cloudwatch": "TagResource",
    "elasticloadbalancing": "AddTags",
    "rds": "AddTagsToResource",
    "sns": "TagResource",
}


def _tagging(service: str, call: Call, resources: list[str]) -> list[Need]:
    given = _given(call)
    if not given or not call.action.startswith(("Create", "Put", "Restore")):
        return []
    if service == "iam":
        verb = {"CreateRole": "TagRole", "CreateInstanceProfile": "TagInstanceProfile", "CreateUser": "TagUser"}
        return [Need(f"iam:{verb[call.action]}", each, tagged(None, given)) for each in resources]
    made = resources[:1]
    if service == "rds":
        kind = {"CreateDBSubnetGroup": "subgrp", "CreateDBParameterGroup": "pg"}.get(call.action, "db")
        made = [each for each in resources if each.split(":")[5] == kind]
    if call.action == "CreateListener":
        made = [f"{resources[0].replace(':loadbalancer/', ':listener/')}/*"]
    return [Need(f"{service}:{_TAGGERS[service]}", each, tagged({}, given)) for each in made]


def _passed(service: str, call: Call) -> list[Need]:
    """IAM API reference, AddRoleToInstanceProfile: it needs iam:PassRole."""
    if call.action != "AddRoleToInstanceProfile":
        return []
    return [Need("iam:PassRole", call.role(call.form["RoleName"]), {"iam:passedtoservice": "ec2.amazonaws.com"})]


_CONTEXTS: dict[str, Callable[[Call], policies.Context]] = {"iam": _iam_context, "cloudwatch": _cloudwatch_context}

SERVICES: dict[str, Callable[[Call], list[str]]] = {
    "cloudwatch": _cloudwatch,
    "elasticloadbalancing": _elb,
    "iam": _iam,
    "rds": _rds,
    "sns": _sns,
    "sts": _sts,
}
