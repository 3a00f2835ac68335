"""Words for values: short, on one line, and without what should stay secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mldeploy.secret_literals import masked

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

LONGEST_ECHO = 60
TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "keys with values",
    "string": "a text",
}


def cut(text: str) -> str:
    """Return a text on one line of at most 60 characters."""
    line = "".join(character if character.isprintable() else "·" for character in text)
    return line if len(line) <= LONGEST_ECHO else f"{line[: LONGEST_ECHO - 1]}…"


def quoted(value: JSON) -> str:
    """Return a value as it may be shown in a message; texts stand in single quotes."""
    if isinstance(value, str):
        return f"'{cut(masked(value))}'"
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else cut(json.dumps(value))


def described(value: JSON) -> str:
    """Return a value with its type, where the reader has to see which it is."""
    return f"the text {quoted(value)}" if isinstance(value, str) else quoted(value)


def dotted(path: KeyPath) -> str:
    """Return a path as it is written in messages: `verify.requests[0].body`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{cut(key)}" for key in path)
    return text.removeprefix(".")
