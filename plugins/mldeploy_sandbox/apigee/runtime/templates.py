"""Message templates: text with `{variable}` and `{function(variable)}` in it.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/message-template-intro
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands before and after a variable; around anything else, as JSON has braces, it is text."""

    prefix: str
    suffix: str

    @property
    def field(self) -> re.Pattern[str]:
        """The pattern of a variable or of a function of one."""
        name, argument = r"([A-Za-z_][\w.\-]*)", r"(?:\(([^{}()]*)\))?"
        return re.compile(f"{re.escape(self.prefix)}{name}{argument}{re.escape(self.suffix)}")


BRACES = Marks("{", "}")

FUNCTIONS: dict[str, Callable[[str], str]] = {
    "createUuid": lambda _: str(uuid.uuid4()),
    "escapeJSON": lambda value: json.dumps(value)[1:-1],
    "sha256Hex": lambda value: hashlib.sha256(value.encode()).hexdigest(),
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
}


class UnresolvedVariable(Exception):  # noqa: N818 - Apigee's name of the fault
    """A template names a variable that is not set."""


def template_problems(text: str, marks: Marks = BRACES) -> list[str]:
    """Name the functions that the stand-in does not have."""
    return [
        f"the stand-in does not know the function {match.group(1)} of message templates"
        for match in marks.field.finditer(text)
        if match.group(2) is not None and match.group(1) not in FUNCTIONS
    ]


def render(text: str, context: Context, *, lenient: bool, marks: Marks = BRACES, default: str = "") -> str:
    """Fill a template.

    Arguments:
        lenient: a variable that is not set becomes `default` (`IgnoreUnresolvedVariables`).

    Raises:
        UnresolvedVariable: one is not set.
    """

    def resolve(name: str) -> str:
        found = context.read(name)
        if found is None and not lenient:
            raise UnresolvedVariable(name)
        return default if found is None else found

    def value(match: re.Match[str]) -> str:
        name, argument = match.groups()
        if argument is None:
            return resolve(name)
        return FUNCTIONS[name](resolve(argument.strip()) if argument.strip() else "")

    return marks.field.sub(value, text)
