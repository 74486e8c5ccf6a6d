"""Debian's public parameters, by which a program finds the newest image; moto knows Amazon's own only."""

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.amis import AMIS
from moto.ssm.models import Parameter, ParameterDict

from .patching import replaces

PREFIX = "/aws/service/debian/release/13/latest/"
# Debian's names of what AWS calls x86_64 and arm64.
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


@replaces(ParameterDict, "__init__")
def with_debian(original: Any, parameters: ParameterDict, account_id: str, region_name: str) -> None:
    original(parameters, account_id, region_name)
    for image in AMIS:
        name = PREFIX + ARCHITECTURES[image["architecture"]]
        parameter: Any = Parameter  # to mypy it is abstract
        parameters[name].append(
            parameter(
                account_id=account_id,
                name=name,
                value=image["ami_id"],
                parameter_type="String",
                description=None,
                allowed_pattern=None,
                keyid=None,
                last_modified_date=utcnow(),
                version=1,
                data_type="aws:ec2:image",
            )
        )
