"""The mark of hook implementations, as `pluggy.HookimplMarker("mldeploy")` sets it, without pluggy.

`mldeploy --help` imports the packages of plugins for what their commands do, and calls no hook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])
DEFAULTS = {
    "wrapper": False,
    "hookwrapper": False,
    "optionalhook": False,
    "tryfirst": False,
    "trylast": False,
    "specname": None,
}


@overload
def hookimpl(function: F, /) -> F: ...


@overload
def hookimpl(**options: bool | str) -> Callable[[F], F]: ...


def hookimpl(function: F | None = None, /, **options: bool | str) -> F | Callable[[F], F]:
    """Mark a function as the implementation of the hook that has its name.

    Arguments:
        options: as for pluggy's marker, such as `tryfirst` and `trylast`.
    """

    def mark(implementation: F) -> F:
        implementation.mldeploy_impl = {**DEFAULTS, **options}  # type: ignore[attr-defined] # where pluggy looks for it
        return implementation

    return mark if function is None else mark(function)
