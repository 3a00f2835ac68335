"""What the settings of policies have in common: values that may come from variables, and what must be a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.runtime.faults import Fault

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context


class PolicyError(Exception):
    """The settings of a policy cannot be used; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value in the XML, or a variable that has it (`ref`); the variable goes first when it is set."""

    value: str
    variable: str

    def read(self, context: Context) -> str:
        """Return the value of this request; empty when there is none."""
        found = context.read(self.variable) if self.variable else None
        return self.value if found is None else found


def setting(document: Element, path: str, *, reference: str = "ref", attribute: str = "") -> Setting:
    """Read a setting.

    Arguments:
        reference: the attribute that names the variable.
        attribute: the attribute that has the value; without it, the text has.
    """
    element = document.find(path)
    if element is None:
        return Setting(value="", variable="")
    value = element.get(attribute, "") if attribute else (element.text or "")
    return Setting(value=value.strip(), variable=element.get(reference, ""))


def weight_of(chosen: Setting, context: Context) -> int:
    """Return how much a request counts: 1 unless a policy says otherwise.

    Raises:
        Fault: InvalidMessageWeight.
    """
    text = chosen.read(context) or "1"
    if not text.isdigit():
        raise Fault(500, "policies.ratelimit.InvalidMessageWeight", f"Invalid message weight value {text}")
    return int(text)


def whole_number(document: Element, path: str) -> int | None:
    """Return a number, or None when it is not given or negative: no limit.

    Raises:
        PolicyError: it is no number.
    """
    text = (document.findtext(path) or "").strip()
    if not text:
        return None
    try:
        number = int(text)
    except ValueError as error:
        message = f"{path} is '{text}', not a whole number"
        raise PolicyError(message) from error
    return number if number >= 0 else None
