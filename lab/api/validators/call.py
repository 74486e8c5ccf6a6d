"""One AWS call, as the rules see it before moto does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from moto.ec2.models import EC2Backend
from moto.rds.models import RDSBackend


@dataclass(frozen=True)
class Call:
    """Parameters by AWS's names, and the state of the account and region that the call is for."""

    params: Mapping[str, Any]
    ec2: EC2Backend
    rds: RDSBackend


class Refused(Exception):
    """AWS's error code and message for a call that it refuses."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refuse(code: str, message: str) -> NoReturn:
    """Ends the call with AWS's error code."""
    raise Refused(code, message)
