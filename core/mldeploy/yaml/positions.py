"""Turn YAML text into JSON data in which every key and value knows its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.source_text import read_text
from mldeploy.yaml.plain import NotPlainError, PlainReader

if TYPE_CHECKING:
    from mldeploy.errors import Position
    from mldeploy.model import JSON

KeyPath = tuple[str | int, ...]
"""The keys and list indexes that lead to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The content of one file.

    - `positions`: path of a value → where it is; a block of keys or items is where its own key is.
    - `keys`: path of a value in a mapping → where its key is.
    """

    file: str
    value: JSON
    positions: Mapping[KeyPath, Position]
    keys: Mapping[KeyPath, Position]


def read_document(path: Path) -> Document:
    """Read a YAML file that holds one document.

    Raises:
        ReleaseError: it cannot be read; every problem has a position unless there is no such file.
    """
    return parse_document(read_text(path), str(path))


def parse_document(text: str, file: str) -> Document:
    """Parse YAML text; `file` is what positions name.

    Raises:
        ReleaseError: as for `read_document`.
    """
    reader = PlainReader(text, file)
    try:
        value = reader.value()
    except NotPlainError:
        from mldeploy.yaml.building import Builder  # noqa: PLC0415 - PyYAML loads only where a file needs it

        builder = Builder(text, file)
        return Document(file=file, value=builder.value(), positions=builder.positions, keys=builder.keys)
    return Document(file=file, value=value, positions=reader.positions, keys=reader.keys)
