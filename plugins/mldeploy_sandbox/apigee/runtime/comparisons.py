"""How conditions compare two values.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference and .../pattern-matching
"""

from __future__ import annotations

import re

OPERATORS = {
    "=": "=",
    "==": "=",
    "equals": "=",
    "is": "=",
    "!=": "!=",
    "notequals": "!=",
    "isnot": "!=",
    ":=": ":=",
    "equalscaseinsensitive": ":=",
    ">": ">",
    "greaterthan": ">",
    ">=": ">=",
    "greaterthanorequals": ">=",
    "<": "<",
    "lesserthan": "<",
    "<=": "<=",
    "lesserthanorequals": "<=",
    "=|": "=|",
    "startswith": "=|",
    "~": "~",
    "matches": "~",
    "like": "~",
    "~~": "~~",
    "javaregex": "~~",
    "~/": "~/",
    "matchespath": "~/",
    "likepath": "~/",
}


def compare(operator: str, left: str | None, right: str | None) -> bool:
    """Compare two values; an unset variable equals null only."""
    if operator in {"=", "!="}:
        return (left == right) == (operator == "=")
    if left is None or right is None:
        return False
    if operator == ":=":
        return left.lower() == right.lower()
    if operator == "=|":
        return left.startswith(right)
    if operator in {"~", "~~", "~/"}:
        return re.fullmatch(_pattern(operator, right), left, re.DOTALL) is not None
    return _ordered(operator, left, right)


def _pattern(operator: str, text: str) -> str:
    """Return a regular expression: `~` has * for anything, `~/` has ** for it and * for one segment."""
    if operator == "~~":
        return text
    parts = re.split(r"(\*\*|\*)", text)
    stars = {"**": ".*", "*": "[^/]*" if operator == "~/" else ".*"}
    return "".join(stars.get(part, re.escape(part)) for part in parts)


def _ordered(operator: str, left: str, right: str) -> bool:
    try:
        difference = float(left) - float(right)
    except ValueError:
        difference = (left > right) - (left < right)
    holds = {">": difference > 0, ">=": difference >= 0, "<": difference < 0, "<=": difference <= 0}
    return holds[operator]
