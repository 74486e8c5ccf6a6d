"""Which actions on which resources a call to AWS needs to be allowed, and with which condition keys.

Source: Service Authorization Reference, a page for each service, as the package parliament has it.
"""

from rights import ec2, forms, json_services, paths
from rights.need import Call, Need

# Of services whose calls are signed for another name than their actions have.
_PREFIXES = {"monitoring": "cloudwatch"}


def needs(call: Call) -> list[Need]:
    """All of them must be allowed. Raises NotImplementedError for a service that the lab does not know."""
    service = _PREFIXES.get(call.service, call.service)
    if service == "ec2":
        return ec2.needs(call)
    if service in json_services.SERVICES:
        return json_services.needs(service, call)
    if service in forms.SERVICES:
        return forms.needs(service, call)
    if service in paths.SERVICES:
        return paths.needs(service, call)
    raise NotImplementedError(f"the lab does not know the permissions of {service}")
