"""Values of parameters: do they have the declared type, and which interpolations do they hold?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy.wording import described
from mldeploy_ci.definitions import Parameter, mapping

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

INTERPOLATION = re.compile(r"(?<!\\)<<\s*([a-z_]+)\.([\w.-]+)\s*>>", re.ASCII)
"""`<< parameters.x >>`; a backslash before it keeps the text (configuration reference, "escaping")."""
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""Values of type env_var_name (CircleCI, "Reusable configuration reference", environment variable name)."""
TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "string": "a text",
    "enum": "one of its values",
    "executor": "the name of an executor, or `name` and its parameters",
    "steps": "a list of steps",
    "env_var_name": "the name of an environment variable",
}


def interpolations(text: str) -> Iterator[tuple[str, str]]:
    """Yield scope and name of every interpolation in a text: ("parameters", "env")."""
    for found in INTERPOLATION.finditer(text):
        yield found[1], found[2]


def whole_interpolation(value: JSON) -> tuple[str, str] | None:
    """Return scope and name if a value is one interpolation and nothing else."""
    found = INTERPOLATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return (found[1], found[2]) if found else None


def texts(value: JSON, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text in a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*path, index))


def misfit(value: JSON, parameter: Parameter) -> str | None:
    """Return what is wrong with a value for a parameter, or None; CircleCI converts nothing.

    A number for a text is refused as well: "Type error for argument …: expected type: string, actual value: … (type
    integer)" (CircleCI-Public/aws-ecs-orb, issue 195).
    """
    if whole_interpolation(value) or _fits(value, parameter):
        return None
    if parameter.type == "enum":
        return f"{described(value)} is none of {', '.join(map(str, parameter.choices))}"
    return f"{described(value)} is not {TYPES[parameter.type]}"


def _fits(value: JSON, parameter: Parameter) -> bool:
    if parameter.type == "enum":
        return value in parameter.choices or not parameter.choices
    check = CHECKS.get(parameter.type)
    return check is None or check(value)


def _is_executor(value: JSON) -> bool:
    return isinstance(value, str) or isinstance(mapping(value).get("name"), str)


CHECKS: Mapping[str, Callable[[JSON], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "env_var_name": lambda value: isinstance(value, str) and VARIABLE_NAME.fullmatch(value) is not None,
    "steps": lambda value: isinstance(value, list),
    "executor": _is_executor,
}
