"""The CPU credit mode of burstable instances, which moto calls "standard" for all and cannot change."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from .patching import replaces

ATTRIBUTE = "cpu_credits"


def credits_of(instance: Instance) -> str:
    """T2 instances are `standard` unless told otherwise, later families `unlimited`."""
    default = "standard" if instance.instance_type.startswith("t2.") else "unlimited"
    return getattr(instance, ATTRIBUTE, None) or default


@replaces(InstanceResponse, "run_instances")
def run_with_credits(original: Any, response: Any) -> Any:
    asked = (response._get_param("CreditSpecification", {}) or {}).get("CpuCredits")
    result = original(response)
    for instance in result.result.instances:
        setattr(instance, ATTRIBUTE, asked)
    return result


@replaces(InstanceResponse, "describe_instance_credit_specifications")
def describe(_original: Any, response: Any) -> ActionResult:
    instances = response.ec2_backend.describe_instance_credit_specifications(response._get_param("InstanceIds", []))
    described = [{"InstanceId": each.id, "CpuCredits": credits_of(each)} for each in instances]
    return ActionResult({"InstanceCreditSpecifications": described})


def modify_instance_credit_specification(response: Any) -> ActionResult:
    asked = response._get_param("InstanceCreditSpecifications", [])
    backend: InstanceBackend = response.ec2_backend
    for each in asked:
        setattr(backend.get_instance(each["InstanceId"]), ATTRIBUTE, each["CpuCredits"])
    modified = [{"InstanceId": each["InstanceId"]} for each in asked]
    return ActionResult(
        {"SuccessfulInstanceCreditSpecifications": modified, "UnsuccessfulInstanceCreditSpecifications": []}
    )


# moto has no such action.
InstanceResponse.modify_instance_credit_specification = modify_instance_credit_specification
