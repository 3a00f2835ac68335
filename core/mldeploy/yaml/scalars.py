"""The values of plain YAML scalars by the core schema of YAML 1.2, without the surprises of 1.1.

`no`, `on`, `12:30:45` and `2024-12-01` are texts and `0777` is 777 (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy.model import JSON

MAX_DEPTH = 32
MAX_NODES = 10_000
"""The bounds of a document."""
LONGEST_NUMBER = 40
CONSTANTS: dict[str, JSON] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
BASES = ((re.compile(r"0o[0-7]+"), 8), (re.compile(r"0x[0-9a-fA-F]+"), 16), (re.compile(r"[-+]?[0-9]+"), 10))
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def plain_value(text: str) -> JSON:
    """Return what an unquoted scalar means: null, a boolean, a number or the text itself.

    Raises:
        ValueError: the number cannot be written in JSON: infinite, not a number, or too long to be meant.
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    if NOT_A_NUMBER.fullmatch(text):
        message = "infinity and not-a-number are not JSON"
        raise ValueError(message)
    for pattern, base in BASES:
        if pattern.fullmatch(text):
            return int(_short(text), base)
    if FLOAT.fullmatch(text):
        number = float(_short(text))
        if number in (float("inf"), float("-inf")):
            message = "the number is too large"
            raise ValueError(message)
        return number
    return text


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        message = f"the number has more than {LONGEST_NUMBER} characters"
        raise ValueError(message)
    return text.removeprefix("0o")
