"""Put sample values in the place of interpolations, so that an orb or config can be held against CircleCI's schema.

The schema knows the result of CircleCI's expansion, in which `parallelism: << parameters.count >>` is a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy.yaml.positions import Document
from mldeploy_ci.definitions import SECTIONS, Parameter, definitions_of, mapping
from mldeploy_ci.values import whole_interpolation

if TYPE_CHECKING:
    from mldeploy.errors import Position
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

SAMPLES: Mapping[str, JSON] = {
    "boolean": True,
    "integer": 1,
    "string": "sample",
    "executor": "sample",
    "steps": ["checkout"],
    "env_var_name": "SAMPLE",
}
PIPELINE_NUMBER = "number"
"""`pipeline.number` is the one pipeline value that is a number ("Pipeline values and parameters")."""


def expand(document: Document) -> Document:
    """Return a document in which no value is one whole interpolation; positions are those of what was written."""
    expansion = _Expansion(document, {}, {})
    value = expansion.document()
    return Document(file=document.file, value=value, positions=expansion.positions, keys=expansion.keys)


def below(document: Document, path: KeyPath) -> Document:
    """Return the part of a document below a path, as a document of its own."""
    value = document.value
    for key in path:
        value = mapping(value).get(str(key))
    length = len(path)
    positions = {where[length:]: found for where, found in document.positions.items() if where[:length] == path}
    keys = {where[length:]: found for where, found in document.keys.items() if where[:length] == path}
    return Document(file=document.file, value=value, positions=positions, keys=keys)


@dataclass(slots=True)
class _Expansion:
    source: Document
    positions: dict[KeyPath, Position]
    keys: dict[KeyPath, Position]

    def document(self) -> JSON:
        value = mapping(self.source.value)
        declared = mapping(value.get("parameters"))
        pipeline = {f"parameters.{name}": Parameter.of(name, found) for name, found in declared.items()}
        pipeline[PIPELINE_NUMBER] = Parameter(name=PIPELINE_NUMBER, type="integer", required=True)
        scopes = {"pipeline": pipeline}
        expanded = {}
        for key, inner in value.items():
            self._place((key,), (key,))
            is_section = key in SECTIONS.values() and isinstance(inner, dict)
            expanded[key] = (
                self._section(inner, key, scopes) if is_section else self._value(inner, (key,), (key,), scopes)
            )
        self._place((), ())
        return expanded

    def _section(self, section: Mapping[str, JSON], key: str, scopes: Scopes) -> JSON:
        found = definitions_of(self.source.value)
        parameters = {d.name: d.parameters for d in found.all() if d.path[0] == key}
        return {
            name: self._value(body, (key, name), (key, name), {**scopes, "parameters": parameters[name]})
            for name, body in section.items()
        }

    def _value(self, value: JSON, path: KeyPath, target: KeyPath, scopes: Scopes) -> JSON:
        """Expand a value; `path` is where it was written, `target` where it is in the result."""
        self._place(path, target)
        if isinstance(value, dict):
            return {key: self._value(inner, (*path, key), (*target, key), scopes) for key, inner in value.items()}
        if isinstance(value, list):
            expanded: list[JSON] = []
            for where, item in self._items(value, path, scopes):
                expanded.append(self._value(item, where, (*target, len(expanded)), scopes))
            return expanded
        return _sample(value, scopes)

    def _items(self, value: list[JSON], path: KeyPath, scopes: Scopes) -> Iterator[tuple[KeyPath, JSON]]:
        """Yield the items of a list; those of a step `steps: << parameters.x >>` in its place."""
        for index, item in enumerate(value):
            inner = item.get("steps") if isinstance(item, dict) and len(item) == 1 else None
            steps = _sample(inner, scopes)
            if isinstance(steps, list):
                yield from (((*path, index), step) for step in steps)
            else:
                yield (*path, index), item

    def _place(self, path: KeyPath, target: KeyPath) -> None:
        if path in self.source.positions:
            self.positions[target] = self.source.positions[path]
        if path in self.source.keys:
            self.keys[target] = self.source.keys[path]


Scopes = Mapping[str, Mapping[str, Parameter]]


def _sample(value: JSON, scopes: Scopes) -> JSON:
    """Return what an interpolation may become: the default, else a value of the type; other values stay."""
    whole = whole_interpolation(value)
    parameter = scopes.get(whole[0], {}).get(whole[1]) if whole else None
    if parameter is None:
        return value
    if parameter.type == "enum" and parameter.required:
        return parameter.choices[0] if parameter.choices else "sample"
    if parameter.required or parameter.default in ("", []):
        return SAMPLES.get(parameter.type, value)
    return parameter.default
