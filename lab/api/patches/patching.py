"""How a correction takes the place of a function of moto."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class MotoChanged(Exception):
    """moto has no such function: the corrections were written for another version."""


def replaces(owner: Any, name: str) -> Callable[[Function], Function]:
    """Puts the decorated function in the place of `owner.name`, a function, method or property.

    Its first argument is moto's own function, or the property's getter. Raises MotoChanged at import, so that
    the API does not start half corrected.
    """
    found = getattr(owner, name, None)
    original = found.fget if isinstance(found, property) else found
    if original is None:
        raise MotoChanged(f"{owner.__name__}.{name} is not in this moto")

    def put(function: Function) -> Function:
        @wraps(original)
        def replacement(*arguments: Any, **named: Any) -> Any:
            return function(original, *arguments, **named)

        setattr(owner, name, property(replacement) if isinstance(found, property) else replacement)
        return function

    return put
