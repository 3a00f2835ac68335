"""What kinds of values `Instance` and `Prediction` are, from their JSON schemas."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

NUMBERS = {"number", "integer"}
CELLS = NUMBERS | {"string", "boolean"}


class Shape:
    """The JSON schema of a type, with references followed."""

    def __init__(self, schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> None:
        self._definitions = schema.get("$defs", {}) if definitions is None else definitions
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        self._schema = schema
        self.kind: str = schema.get("type", "")

    @classmethod
    def of(cls, kind: Any) -> Shape:
        """Return the shape of a type."""
        return cls(TypeAdapter(kind).json_schema())

    @property
    def columns(self) -> dict[str, str]:
        """The kinds of an object's values by name; empty unless all values are single ones."""
        kinds = {name: self._part(part).kind for name, part in self._schema.get("properties", {}).items()}
        return kinds if CELLS.issuperset(kinds.values()) else {}

    @property
    def is_cell(self) -> bool:
        """Whether it is a single value."""
        return self.kind in CELLS

    @property
    def is_row(self) -> bool:
        """Whether it is a list of single values."""
        return self.kind == "array" and self.items.is_cell

    @property
    def is_numeric(self) -> bool:
        """Whether it is a number, or lists of numbers however deep."""
        return self.kind in NUMBERS or (self.kind == "array" and self.items.is_numeric)

    @property
    def items(self) -> Shape:
        """The shape of a list's items; a tuple counts if all its places have the same kind."""
        places = [self._part(place) for place in self._schema.get("prefixItems", [])]
        if places:
            return places[0] if len({place.kind for place in places}) == 1 else Shape({}, {})
        return self._part(self._schema.get("items") or {})

    def _part(self, schema: dict[str, Any]) -> Shape:
        return Shape(schema, self._definitions)
