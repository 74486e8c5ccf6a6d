"""What a task is started with: its environment with the secrets in it, or the problem that keeps it from starting.

The texts are those of the ECS developer guide, "Amazon ECS stopped tasks error messages", and its pages on
ResourceInitializationError and CannotPullContainerError.
"""

import re
from dataclasses import dataclass
from typing import Any

from moto.ecr.models import ecr_backends
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.iam.models import Role, iam_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random
from moto.ssm.models import ssm_backends

import authorization
import policies

_ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?(?:@(.+))?")
_RESOURCES = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed"
_ONCE = "service call has been retried 1 time(s)"


class CannotStart(Exception):
    """The message is the task's stopped reason."""


@dataclass(frozen=True)
class Launch:
    """`problem` is the stopped reason of a task that cannot start."""

    environment: dict[str, str]
    problem: str | None = None
    # Where the task's role is told to the container: ECS developer guide, "Amazon ECS task IAM role".
    credentials_path: str | None = None


def prepare(backend: EC2ContainerServiceBackend, definition: TaskDefinition, task_id: str) -> Launch:
    """What Fargate does for a task before its container: with the execution role it fetches secrets, logs in to ECR and
    makes the log stream."""
    container: dict[str, Any] = definition.container_definitions[0]
    environment = {each["name"]: each["value"] for each in container.get("environment") or []}
    try:
        agent = _Agent(backend, definition, task_id)
        secrets = container.get("secrets") or []
        if secrets:
            agent.check_role(secrets[0]["name"])
        environment |= {each["name"]: agent.secret(each["valueFrom"]) for each in secrets}
        agent.check_image(container["image"])
        if container.get("logConfiguration"):
            agent.check_log_group(container["logConfiguration"]["options"])
        role_arn = getattr(definition, "task_role_arn", None)
        if role_arn is None:
            return Launch(environment)
        agent.find_role(role_arn)
    except CannotStart as problem:
        return Launch({}, str(problem))
    path = f"/v2/credentials/{mock_random.uuid4()}"
    return Launch(environment | {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path}, credentials_path=path)


class _Agent:
    """Acts with the execution role of a task."""

    def __init__(self, backend: EC2ContainerServiceBackend, definition: TaskDefinition, task_id: str) -> None:
        self._account, self._region, self._partition = backend.account_id, backend.region_name, backend.partition
        self._task_id = task_id
        role_arn = getattr(definition, "execution_role_arn", None)
        self._role = self.find_role(role_arn) if role_arn else None

    def check_role(self, secret: str) -> None:
        if self._role is None:
            raise CannotStart(f"{_RESOURCES}: unable to retrieve secret {secret}: the task has no execution role")

    def secret(self, value_from: str) -> str:
        name = value_from.split(":parameter", 1)[-1] if value_from.startswith("arn:") else value_from
        if value_from.startswith("arn:") and ":ssm:" not in value_from:
            raise NotImplementedError(f"the lab knows secrets of SSM only, and not {value_from}")
        arn = f"arn:aws:ssm:{self._region}:{self._account}:parameter/{name.lstrip('/')}"
        doing = f"{_RESOURCES}: unable to retrieve secrets from ssm: {_ONCE}"
        self._require("ssm:GetParameters", arn, doing)
        parameters = ssm_backends[self._account][self._region]
        for each in dict.fromkeys((name, f"/{name.lstrip('/')}", name.lstrip("/"))):
            if parameter := parameters.get_parameters([each]).get(each):
                return parameter.decrypt(parameter.value) or ""
        raise CannotStart(f"{doing}: invalid ssm parameters: {name}")

    def check_image(self, image: str) -> None:
        """Whether the role may pull it, and ECR has it: the registry keeps what somebody has deleted in ECR."""
        found = _ECR_IMAGE.match(image)
        if found is None:
            return
        account, region, name, tag, digest = found.groups()
        doing = f"{_RESOURCES}: unable to retrieve ecr registry auth: {_ONCE}"
        self._require("ecr:GetAuthorizationToken", "*", doing)
        arn = f"arn:aws:ecr:{region}:{account}:repository/{name}"
        resolving = (
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}"
        )
        for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
            if not self._may(action, arn):
                raise CannotStart(f"{resolving}: unexpected status from HEAD request: 403 Forbidden: {action}")
        repository = ecr_backends[account][region].repositories.get(name)
        images = repository.images if repository else []
        if not any(
            each.image_digest == digest if digest else (tag or "latest") in each.image_tags for each in images
        ):
            raise CannotStart(f"{resolving}: {image}: not found")

    def check_log_group(self, options: dict[str, str]) -> None:
        group, region = options["awslogs-group"], options["awslogs-region"]
        doing = (
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
            "failed to create Cloudwatch log stream"
        )
        stream = f"arn:aws:logs:{region}:{self._account}:log-group:{group}:log-stream:*"
        self._require("logs:CreateLogStream", stream, doing)
        if group not in logs_backends[self._account][region].groups:
            message = "ResourceNotFoundException: The specified log group does not exist."
            raise CannotStart(f"{doing}: {message} : exit status 1")

    def find_role(self, role_arn: str) -> Role:
        refused = (
            f"ECS was unable to assume the role '{role_arn}' that was provided for this task. Please verify that "
            "the role being passed has the proper trust relationship and permissions and that your IAM user has "
            "permissions to pass this role."
        )
        roles = iam_backends[self._account][self._partition].roles.values()
        role = next((each for each in roles if each.arn == role_arn), None)
        if role is None or "ecs-tasks.amazonaws.com" not in str(role.assume_role_policy_document):
            raise CannotStart(refused)
        return role

    def _may(self, action: str, resource: str) -> bool:
        if self._role is None:
            return False
        stated = authorization.statements_of(self._role)
        return bool(policies.decision(stated, action, resource, {"aws:securetransport": "true"}))

    def _require(self, action: str, resource: str, doing: str) -> None:
        if self._may(action, resource):
            return
        name = self._role.name if self._role else "none"
        who = f"arn:aws:sts::{self._account}:assumed-role/{name}/{self._task_id}"
        what = f"perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        raise CannotStart(f"{doing}: AccessDeniedException: User: {who} is not authorized to {what}")


def log_stream(container: dict[str, Any], task_id: str) -> tuple[str | None, str | None]:
    """Group and stream of the container's output (ECS developer guide, "Send Amazon ECS logs to CloudWatch")."""
    options = (container.get("logConfiguration") or {}).get("options")
    if not options:
        return None, None
    return options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{container['name']}/{task_id}"
