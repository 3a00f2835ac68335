"""Say why a value does not fit its schema and what to try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy.errors import Position, Problem
from mldeploy.remedies import remedy_for_option, remedy_for_text, remedy_for_type, remedy_for_unknown_key
from mldeploy.schema import resolved
from mldeploy.suggestions import nearest
from mldeploy.wording import TYPE_NAMES, cut, described, dotted, quoted

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A value that breaks one keyword of its schema.

    `argument` is what the keyword says; `about_key` tells that the value is a key and `path` ends with it.
    """

    keyword: str
    argument: JSON
    value: JSON
    schema: Mapping[str, JSON]
    path: KeyPath
    about_key: bool = False

    def problem(self, found: str, hint: str) -> Problem:
        """Return a problem with this value; what the schema gives as a reason follows what was found."""
        place = f"{dotted(self.path)}: " if self.path else ""
        reason = f"; {self.schema['x-reason']}" if "x-reason" in self.schema and self.keyword != "type" else ""
        return Problem(message=f"{place}{found}{reason}", path=self.path, hint=hint)


def explain(misfit: Misfit, root: Mapping[str, JSON], keys: Mapping[KeyPath, Position]) -> Iterator[Problem]:
    """Yield the problems behind a misfit.

    Arguments:
        root: the whole schema.
        keys: where keys are, for problems with the key itself.
    """
    if misfit.keyword == "additionalProperties":
        yield from _unknown_keys(misfit, root, keys)
    elif misfit.keyword == "required":
        yield from _missing_keys(misfit, root)
    else:
        found, hint = EXPLANATIONS.get(misfit.keyword, _other)(misfit)
        problem = misfit.problem(found, hint)
        position = keys.get(misfit.path) if misfit.about_key else None
        yield Problem(message=problem.message, path=problem.path, hint=problem.hint, position=position)


def _unknown_keys(misfit: Misfit, root: Mapping[str, JSON], keys: Mapping[KeyPath, Position]) -> Iterator[Problem]:
    known = misfit.schema.get("properties", {})
    place = f" in {dotted(misfit.path)}" if misfit.path else ""
    for key in misfit.value:
        if key not in known:
            path = (*misfit.path, key)
            hint = remedy_for_unknown_key(path, known, root)
            yield Problem(message=f"unknown key {quoted(key)}{place}", path=path, hint=hint, position=keys.get(path))


def _missing_keys(misfit: Misfit, root: Mapping[str, JSON]) -> Iterator[Problem]:
    properties = misfit.schema.get("properties", {})
    unknown = [key for key in misfit.value if key not in properties]
    is_closed = misfit.schema.get("additionalProperties") is False
    for key in misfit.argument:
        is_misspelt = is_closed and nearest(key, unknown) is not None
        if key not in misfit.value and not is_misspelt:
            schema: Mapping[str, JSON] = resolved(properties.get(key, {}), root)
            what = str(schema.get("description", "it is required")).removesuffix(".")
            example = next(iter(schema.get("examples", ())), "…")
            shown = example if isinstance(example, str) else json.dumps(example)
            message = f"'{dotted((*misfit.path, key))}' is missing: {what[:1].lower()}{what[1:]}"
            yield Problem(message=message, path=misfit.path, hint=f"add `{key}: {shown}`")


Explanation = tuple[str, str]
"""(what was found, what to try)."""


def _type(misfit: Misfit) -> Explanation:
    wanted = misfit.argument if isinstance(misfit.argument, list) else [misfit.argument]
    hint = remedy_for_type(misfit.value, wanted[0], misfit.path, misfit.schema)
    names = " or ".join(TYPE_NAMES.get(str(name), str(name)) for name in wanted)
    return f"expected {names}, found {described(misfit.value)}", hint


def _enum(misfit: Misfit) -> Explanation:
    noun = misfit.schema.get("x-noun")
    what = f"no {noun}" if noun else "not one of the possible values"
    return f"{quoted(misfit.value)} is {what}", remedy_for_option(misfit.value, misfit.argument)


def _pattern(misfit: Misfit) -> Explanation:
    return f"{quoted(misfit.value)} does not fit", remedy_for_text(misfit.value, misfit.schema)


def _number(misfit: Misfit) -> Explanation:
    relation, allowed = {
        "minimum": ("is less than", "{} or more"),
        "maximum": ("is more than", "{} or less"),
        "exclusiveMinimum": ("is not more than", "more than {}"),
        "exclusiveMaximum": ("is not less than", "less than {}"),
    }[misfit.keyword]
    return f"{quoted(misfit.value)} {relation} {misfit.argument}", f"write {allowed.format(misfit.argument)}"


def _size(misfit: Misfit) -> Explanation:
    unit = {"Length": "characters", "Items": "items", "Properties": "keys"}[misfit.keyword[3:]]
    judged, allowed = ("few", "at least") if misfit.keyword.startswith("min") else ("many", "at most")
    return f"{len(misfit.value)} {unit} are too {judged}", f"write {allowed} {misfit.argument}"


def _unique(_misfit: Misfit) -> Explanation:
    return "an item is there twice", "keep one of them"


def _other(misfit: Misfit) -> Explanation:
    rule = cut(json.dumps({misfit.keyword: misfit.argument}))
    return f"{quoted(misfit.value)} breaks the rule {rule}", "`mldeploy schema` prints all rules"


EXPLANATIONS: dict[str, Callable[[Misfit], Explanation]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "uniqueItems": _unique,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _size),
}
