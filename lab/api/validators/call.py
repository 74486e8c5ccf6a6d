"""One AWS call, as the rules see it before moto does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from moto.ec2.models import EC2Backend
from moto.ecs.exceptions import ECSException
from moto.ecs.models import TaskDefinition, ecs_backends
from moto.rds.models import RDSBackend


@dataclass(frozen=True)
class Call:
    """Parameters by AWS's names, and the state of the account and region that the call is for."""

    params: Mapping[str, Any]
    ec2: EC2Backend
    rds: RDSBackend

    def task_definition(self, name: str) -> TaskDefinition | None:
        """By family, with or without a revision, or ARN."""
        try:
            return ecs_backends[self.ec2.account_id][self.ec2.region_name].describe_task_definition(name)
        except ECSException:
            return None


class Refused(Exception):
    """AWS's error code and message for a call that it refuses."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refuse(code: str, message: str) -> NoReturn:
    """Ends the call with AWS's error code."""
    raise Refused(code, message)
