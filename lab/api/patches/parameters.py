"""SSM: deletes ten parameters at a time, as it says in the SSM API reference, "DeleteParameters"."""

from typing import Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.models import SimpleSystemManagerBackend

from .patching import replaces


@replaces(SimpleSystemManagerBackend, "delete_parameters")
def delete(original: Any, backend: Any, names: list[str]) -> Any:
    if len(names) > 10:
        raise ValidationException(
            f"1 validation error detected: Value '[{', '.join(names)}]' at 'names' failed to satisfy constraint: "
            "Member must have length less than or equal to 10"
        )
    return original(backend, names)
