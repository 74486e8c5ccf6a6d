"""The permissions of the calls of services whose requests are JSON.

A service without resources of its own in its calls' permissions has "*".
"""

from collections.abc import Callable
from typing import Any

from moto.acm.models import acm_backends

import policies
from rights.need import Call, Need, Tags, pairs, tagged

Body = dict[str, Any]


def needs(service: str, call: Call) -> list[Need]:
    """All of them must be allowed."""
    action, body = call.action, call.json
    context = tagged(_tags_of(service, call), _given(body))
    if service == "ecs":
        context |= _ecs_context(call, body)
    resources = SERVICES[service](call, action, body)
    return [Need(f"{service}:{action}", each, context) for each in resources] + _also(service, call)


def _given(body: Body) -> Tags:
    """The tags that a call sets, as a list of pairs or as a map."""
    tags = body.get("tags") or body.get("Tags") or {}
    return pairs(tags) if isinstance(tags, list) else {key: str(value) for key, value in tags.items()}


def _tags_of(service: str, call: Call) -> Tags | None:
    """Of the resource; None where the lab does not look them up."""
    if service != "acm":
        return None
    arn = call.json.get("CertificateArn", "")
    bundles = acm_backends[call.account][call.region]._certificates
    return dict(bundles[arn].tags) if arn in bundles else {}


def _ecs(call: Call, action: str, body: Body) -> list[str]:
    cluster = _last(body.get("cluster") or "default")
    if action in ("DescribeServices", "UpdateService", "DeleteService"):
        named = body.get("services") or [body.get("service") or ""]
        return [call.arn("ecs", f"service/{cluster}/{_last(each)}") for each in named]
    if action == "CreateService":
        return [call.arn("ecs", f"service/{cluster}/{body.get('serviceName', '')}")]
    if action in ("DescribeTasks", "StopTask"):
        named = body.get("tasks") or [body.get("task") or ""]
        return [call.arn("ecs", f"task/{cluster}/{_last(each)}") for each in named]
    if action in ("DescribeClusters", "DeleteCluster", "UpdateCluster", "CreateCluster"):
        named = body.get("clusters") or [body.get("cluster") or body.get("clusterName") or "default"]
        return [call.arn("ecs", f"cluster/{_last(each)}") for each in named]
    if action in ("TagResource", "UntagResource", "ListTagsForResource"):
        return [body.get("resourceArn", "")]
    if action == "RegisterTaskDefinition":
        return [call.arn("ecs", f"task-definition/{body.get('family', '')}:*")]
    return ["*"]


def _ecs_context(call: Call, body: Body) -> policies.Context:
    return {"ecs:cluster": call.arn("ecs", f"cluster/{_last(body['cluster'])}")} if body.get("cluster") else {}


def _ecr(call: Call, action: str, body: Body) -> list[str]:
    if action == "GetAuthorizationToken":
        return ["*"]
    if "resourceArn" in body:
        return [body["resourceArn"]]
    named = body.get("repositoryNames") or [body.get("repositoryName") or "*"]
    return [call.arn("ecr", f"repository/{each}") for each in named]


def _ssm(call: Call, action: str, body: Body) -> list[str]:
    if action == "GetParametersByPath":
        named = [body.get("Path", "")]
    elif action in ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource"):
        named = [body.get("ResourceId", "")]
    elif "Name" in body or "Names" in body:
        named = body.get("Names") or [body["Name"]]
    else:
        return ["*"]
    return [_parameter(call, each) for each in named]


def _parameter(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("ssm", f"parameter/{name.removeprefix('/')}")


def _logs(call: Call, action: str, body: Body) -> list[str]:
    if "resourceArn" in body:
        return [body["resourceArn"]]
    if action == "CreateLogGroup":
        return [call.arn("logs", f"log-group:{body.get('logGroupName', '')}")]
    identifier = body.get("logGroupIdentifier", "")
    group = body.get("logGroupName") or identifier.split(":log-group:")[-1].removesuffix(":*")
    # A group's own ARN ends so in every call that does not name a stream.
    return [call.arn("logs", f"log-group:{group}:log-stream:{body.get('logStreamName') or ''}")]


def _kms(call: Call, action: str, body: Body) -> list[str]:
    named = [body[each] for each in ("AliasName", "TargetKeyId", "KeyId") if each in body]
    return [_key(call, each) for each in named] or ["*"]


def _key(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return call.arn("kms", name if name.startswith("alias/") else f"key/{name}")


def _also(service: str, call: Call) -> list[Need]:
    """Further permissions of a call: roles that it passes on, and tags that it sets at creation.

    IAM user guide, "Grant a user permissions to pass a role to an AWS service". ECS developer guide, "Grant permission
    to tag resources on creation".
    """
    action, body = call.action, call.json
    found: list[Need] = []
    if service == "ecs" and action in ("RegisterTaskDefinition", "RunTask"):
        given = body | body.get("overrides", {})
        context = {"iam:passedtoservice": "ecs-tasks.amazonaws.com"}
        roles = [given.get(key) for key in ("taskRoleArn", "executionRoleArn")]
        found = [Need("iam:PassRole", call.role(each), context) for each in dict.fromkeys(roles) if each]
    tagging = _TAGGING.get((service, action))
    if tagging and _given(body):
        verb, resource = tagging
        found.append(Need(f"{service}:{verb}", resource(call, body), tagged({}, _given(body))))
    return found


def _acm(call: Call, action: str, body: Body) -> list[str]:
    return [body.get("CertificateArn", "*")]


def _scaling(call: Call, action: str, body: Body) -> list[str]:
    """The ARN of a target ends with an id that only AWS knows: Application Auto Scaling user guide, "Identity-based
    policy examples"."""
    return ["*"] if action.startswith("Describe") else [call.arn("application-autoscaling", "scalable-target/*")]


def _none(call: Call, action: str, body: Body) -> list[str]:
    return ["*"]


def _last(name: str) -> str:
    return name.split("/")[-1]


# What sets tags at creation needs the action that tags, too.
_TAGGING: dict[tuple[str, str], tuple[str, Callable[[Call, Body], str]]] = {
    ("acm", "RequestCertificate"): ("AddTagsToCertificate", lambda call, _: call.arn("acm", "certificate/*")),
    ("application-autoscaling", "RegisterScalableTarget"): (
        "TagResource",
        lambda call, _: call.arn("application-autoscaling", "scalable-target/*"),
    ),
    ("ecr", "CreateRepository"): (
        "TagResource",
        lambda call, body: call.arn("ecr", f"repository/{body['repositoryName']}"),
    ),
    ("ecs", "CreateCluster"): (
        "TagResource",
        lambda call, body: call.arn("ecs", f"cluster/{body.get('clusterName', '')}"),
    ),
    ("ecs", "CreateService"): (
        "TagResource",
        lambda call, body: call.arn("ecs", f"service/{_last(body.get('cluster', ''))}/{body['serviceName']}"),
    ),
    ("ecs", "RegisterTaskDefinition"): (
        "TagResource",
        lambda call, body: call.arn("ecs", f"task-definition/{body.get('family', '')}:*"),
    ),
    ("logs", "CreateLogGroup"): (
        "TagResource",
        lambda call, body: call.arn("logs", f"log-group:{body['logGroupName']}"),
    ),
    ("ssm", "PutParameter"): ("AddTagsToResource", lambda call, body: _parameter(call, body["Name"])),
}

SERVICES: dict[str, Callable[[Call, str, Body], list[str]]] = {
    "acm": _acm,
    "application-autoscaling": _scaling,
    "ecs": _ecs,
    "ecr": _ecr,
    "servicequotas": _none,
    "ssm": _ssm,
    "logs": _logs,
    "kms": _kms,
}
