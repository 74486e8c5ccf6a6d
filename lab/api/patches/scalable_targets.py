"""Application Auto Scaling's targets: their tags, which moto lacks, the role by which AWS scales them, and AWS's error for
one that is not there."""

import json
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

from .patching import replaces

# AWS makes it with the first target: Application Auto Scaling user guide, "Service-linked roles".
_ROLE = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"


@replaces(ApplicationAutoScalingResponse, "register_scalable_target")
def register(original: Any, response: Any) -> str:
    answer: str = original(response)
    target = _target(response, json.loads(answer)["ScalableTargetARN"])
    if target.role_arn is None and target.service_namespace == "ecs":
        target.role_arn = f"arn:aws:iam::{response.current_account}:{_ROLE}"
    if tags := response._get_param("Tags"):
        target.tags = tags
    return answer


def list_tags_for_resource(response: Any) -> str:
    return json.dumps({"Tags": getattr(_target(response), "tags", {})})


def tag_resource(response: Any) -> str:
    target = _target(response)
    target.tags = getattr(target, "tags", {}) | response._get_param("Tags")  # type: ignore[attr-defined]
    return "{}"


def untag_resource(response: Any) -> str:
    target = _target(response)
    removed = response._get_param("TagKeys")
    kept = {key: value for key, value in getattr(target, "tags", {}).items() if key not in removed}
    target.tags = kept  # type: ignore[attr-defined]
    return "{}"


@replaces(ApplicationAutoscalingBackend, "deregister_scalable_target")
@replaces(ApplicationAutoscalingBackend, "delete_scaling_policy")
def delete(original: Any, *arguments: Any, **named: Any) -> None:
    """moto finds the request for what is not there invalid."""
    try:
        original(*arguments, **named)
    except AWSValidationException as problem:
        raise JsonRESTError("ObjectNotFoundException", problem.message) from None


for call in (list_tags_for_resource, tag_resource, untag_resource):
    setattr(ApplicationAutoScalingResponse, call.__name__, call)


def _target(response: Any, arn: str | None = None) -> FakeScalableTarget:
    arn = arn or response._get_param("ResourceARN")
    for targets in response.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                found: FakeScalableTarget = target
                return found
    raise JsonRESTError("ResourceNotFoundException", f"The requested resource was not found: {arn}")
