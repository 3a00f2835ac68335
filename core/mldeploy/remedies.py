"""What to try for the mistakes that people make most: a key in the wrong place, a value of the wrong type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy.fast_validation import compiled
from mldeploy.schema import resolved
from mldeploy.suggestions import nearest, suggestion
from mldeploy.wording import TYPE_NAMES, cut, dotted, quoted
from mldeploy.yaml.scalars import plain_value

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

OLD_BOOLEANS = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
"""Words that YAML 1.1 read as booleans."""

WORDS = re.compile(r"[A-Za-z0-9_ .-]+")


def remedy_for_unknown_key(path: KeyPath, known: Iterable[str], root: Mapping[str, JSON]) -> str:
    """Return the nearest key at this place, or the place where a key of this name belongs."""
    key, here = str(path[-1]), list(known)
    if nearest(key, here) is None:
        elsewhere = next((found for found in _places(key, root, root) if found != path), None)
        if elsewhere is not None:
            owner = f"under '{dotted(elsewhere[:-1])}'" if len(elsewhere) > 1 else "at the left margin"
            return f"it belongs {owner}; check the indentation"
    return suggestion(key, here, listed="keys here")


def remedy_for_type(value: JSON, wanted: str, path: KeyPath, schema: Mapping[str, JSON]) -> str:
    """Return how to write a value so that it has the wanted type."""
    if value is None:
        return "give a value, or remove the key"
    if wanted == "object":
        return _remedy_for_object(value, path, schema)
    if wanted == "array":
        return "write a list: [first, second]"
    if wanted == "string" and not isinstance(value, dict | list):
        return "put it in quotes"
    if isinstance(value, str):
        return _remedy_for_written_text(value, wanted)
    return f"write {TYPE_NAMES.get(wanted, wanted)}"


def remedy_for_text(text: str, schema: Mapping[str, JSON]) -> str:
    """Return the text as it would be allowed, if a change of case and separators is enough, else an example."""
    simple = "-".join(re.findall("[a-z0-9]+", text.lower()))
    if WORDS.fullmatch(text.strip()) and compiled(schema["pattern"]).search(simple):
        return f"write '{cut(simple)}'"
    examples = [str(example) for example in schema.get("examples", ())]
    return suggestion(text, examples, listed="for example") if examples else "correct the text"


def remedy_for_option(value: JSON, options: Iterable[JSON]) -> str:
    """Return the option that was probably meant."""
    words = [str(option) for option in options]
    if not isinstance(value, str) and str(value) in words:
        return "put it in quotes"
    return suggestion(str(value), words, listed="one of")


def _remedy_for_written_text(text: str, wanted: str) -> str:
    """Return what to write instead of a text where a number or a boolean is wanted."""
    if wanted == "boolean" and text.lower() in OLD_BOOLEANS:
        return f"write {str(OLD_BOOLEANS[text.lower()]).lower()}; in YAML 1.2 {quoted(text)} is a text"
    try:
        is_quoted = not isinstance(plain_value(text), str)
    except ValueError:
        is_quoted = False
    return "remove the quotes" if is_quoted else f"write {TYPE_NAMES.get(wanted, wanted)}"


def _remedy_for_object(value: JSON, path: KeyPath, schema: Mapping[str, JSON]) -> str:
    known = list(schema.get("properties", {}))
    switch = OLD_BOOLEANS.get(str(value).lower(), value)
    if isinstance(switch, bool) and "enabled" in known:
        return f"write `{dotted(path[-1:])}: {{enabled: {str(switch).lower()}}}`"
    shown = f": {', '.join(known[:5])}" if known else ""
    return f"write its keys indented below{shown}"


def _places(key: str, schema: Mapping[str, JSON], root: Mapping[str, JSON], path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths of all keys of this name, except inside environments."""
    properties = resolved(schema, root).get("properties", {})
    if key in properties:
        yield (*path, key)
    for name, inner in properties.items():
        if name != "environments":
            yield from _places(key, inner, root, (*path, name))
