"""Which actions on which resources a call of ECS, ECR, SSM, SNS, RDS, CloudWatch or its Logs needs to be allowed.

Source: Service Authorization Reference, a page for each service. What is not here knows no resources: "*".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import policies

Body = dict[str, Any]


@dataclass(frozen=True)
class Need:
    action: str
    resource: str
    # Condition keys of this service, in lower case.
    context: policies.Context = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Of the call: what stands in the ARNs of its resources."""

    region: str
    account: str

    def arn(self, service: str, name: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"


def needs(service: str, action: str, scope: Scope, text: bytes) -> list[Need]:
    """All of them must be allowed."""
    service = _PREFIXES.get(service, service)
    if service == "rds":
        return [Need(f"rds:{action}", _database(scope, action, text))]
    if service in ("sns", "cloudwatch"):
        return [_need_of_form(service, action, text)]
    if service not in _RESOURCES:
        return [Need(f"{service}:{action}", "*")]
    try:
        body: Body = json.loads(text or b"{}")
    except ValueError:
        body = {}
    resources = _RESOURCES[service](scope, action, body)
    context = _ecs_context(scope, body) if service == "ecs" else {}
    return [Need(f"{service}:{action}", each, context) for each in resources] + _also(service, action, scope, body)


def _ecs(scope: Scope, action: str, body: Body) -> list[str]:
    cluster = _last(body.get("cluster") or "default")
    if action in ("DescribeServices", "UpdateService", "DeleteService"):
        named = body.get("services") or [body.get("service") or ""]
        return [scope.arn("ecs", f"service/{cluster}/{_last(each)}") for each in named]
    if action == "CreateService":
        return [scope.arn("ecs", f"service/{cluster}/{body.get('serviceName', '')}")]
    if action in ("DescribeTasks", "StopTask"):
        named = body.get("tasks") or [body.get("task") or ""]
        return [scope.arn("ecs", f"task/{cluster}/{_last(each)}") for each in named]
    return ["*"]


def _ecs_context(scope: Scope, body: Body) -> policies.Context:
    return {"ecs:cluster": scope.arn("ecs", f"cluster/{_last(body['cluster'])}")} if body.get("cluster") else {}


def _ecr(scope: Scope, action: str, body: Body) -> list[str]:
    if action == "GetAuthorizationToken":
        return ["*"]
    named = body.get("repositoryNames") or [body.get("repositoryName") or "*"]
    return [scope.arn("ecr", f"repository/{each}") for each in named]


def _ssm(scope: Scope, action: str, body: Body) -> list[str]:
    if action == "GetParametersByPath":
        named = [body.get("Path", "")]
    elif action in ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource"):
        named = [body.get("ResourceId", "")]
    elif "Name" in body or "Names" in body:
        named = body.get("Names") or [body["Name"]]
    else:
        return ["*"]
    return [_parameter(scope, each) for each in named]


def _parameter(scope: Scope, name: str) -> str:
    return name if name.startswith("arn:") else scope.arn("ssm", f"parameter/{name.removeprefix('/')}")


def _logs(scope: Scope, action: str, body: Body) -> list[str]:
    identifier = body.get("logGroupIdentifier", "")
    group = body.get("logGroupName") or identifier.split(":log-group:")[-1].removesuffix(":*")
    # A group's own ARN ends so in every call that does not name a stream.
    return [scope.arn("logs", f"log-group:{group}:log-stream:{body.get('logStreamName') or ''}")]


def _also(service: str, action: str, scope: Scope, body: Body) -> list[Need]:
    """Further permissions of a call: roles that it passes on, and tags that it sets at creation.

    IAM user guide, "Grant a user permissions to pass a role to an AWS service".
    """
    passed: list[Need] = []
    if service == "ecs" and action in ("RegisterTaskDefinition", "RunTask"):
        given = body | body.get("overrides", {})
        context = {"iam:passedtoservice": "ecs-tasks.amazonaws.com"}
        roles = [given.get(key) for key in ("taskRoleArn", "executionRoleArn")]
        passed = [Need("iam:PassRole", _role(scope, each), context) for each in dict.fromkeys(roles) if each]
    if service == "ecs" and action == "RegisterTaskDefinition" and body.get("tags"):
        passed.append(Need("ecs:TagResource", scope.arn("ecs", f"task-definition/{body.get('family', '')}:*")))
    if service == "ssm" and action == "PutParameter" and body.get("Tags"):
        passed.append(Need("ssm:AddTagsToResource", _parameter(scope, body["Name"])))
    return passed


def _database(scope: Scope, action: str, text: bytes) -> str:
    """RDS has no JSON."""
    named = parse_qs(text.decode()).get("DBInstanceIdentifier", ["*"])[0]
    return scope.arn("rds", f"db:{named}") if action == "DescribeDBInstances" else "*"


def _need_of_form(service: str, action: str, text: bytes) -> Need:
    """Of a service whose calls have forms or JSON for bodies, and few parameters that count."""
    is_json = text.startswith(b"{")
    body = json.loads(text) if is_json else {name: values[0] for name, values in parse_qs(text.decode()).items()}
    context = {"cloudwatch:namespace": body["Namespace"]} if action == "PutMetricData" and "Namespace" in body else {}
    return Need(f"{service}:{action}", body.get("TopicArn", "*"), context)


def _role(scope: Scope, role: str) -> str:
    return role if role.startswith("arn:") else f"arn:aws:iam::{scope.account}:role/{role}"


def _last(name: str) -> str:
    return name.split("/")[-1]


# Of services whose calls are signed for another name than their actions have.
_PREFIXES = {"monitoring": "cloudwatch"}

_RESOURCES: dict[str, Callable[[Scope, str, Body], list[str]]] = {
    "ecs": _ecs,
    "ecr": _ecr,
    "ssm": _ssm,
    "logs": _logs,
}
