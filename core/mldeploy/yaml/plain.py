"""Read the YAML that release files usually are without PyYAML, in a fraction of its time.

Blocks of keys and items, brackets and braces in one line, texts in one line. Whatever else a text holds is left to
PyYAML (`building.py`), with which this agrees on all that it reads (tests/release/test_plain_yaml.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mldeploy.errors import Position
from mldeploy.yaml.scalars import MAX_DEPTH, MAX_NODES, plain_value

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

KEY = r"(?P<key>[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}):"
ENTRY = re.compile(rf"{KEY}(?: +(?P<value>.*))?")
ENTRY_IN_BRACKETS = re.compile(rf"{KEY} +")
ITEM = re.compile(r"- +(?P<item>[^ ].*)")
PLAIN = re.compile(r"(?:[\w./]|[-+][\w.])(?:[\w ./+@=,;()%~*'\"!?&<>-]|:(?=[^ ]))*")
QUOTED = re.compile(r"\"(?P<double>[^\"\\]*)\"|'(?P<single>[^']*)'")
PLAIN_IN_BRACKETS = re.compile(r"(?:[\w./]|[-+][\w.])[\w./+@=-]*(?: [\w./+@=-]+)*")
SPACES = re.compile(r" *")
END = re.compile(r" *| +#.*")


class NotPlainError(Exception):
    """A text holds something that only PyYAML can read, or nothing can."""


class Line(NamedTuple):
    """A line without its indentation, or the part of one behind `- `; `number` and `indent` count from 0."""

    number: int
    indent: int
    text: str


class PlainReader:
    """Reads one document; `positions` and `keys` are those of a `Document`."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._lines: list[Line] = []
        self._next = 0
        self.positions: dict[KeyPath, Position] = {}
        self.keys: dict[KeyPath, Position] = {}

    def value(self) -> JSON:
        """Return the value of the document.

        Raises:
            NotPlainError: only the whole reader can tell.
        """
        for number, line in enumerate(self._text.split("\n")):
            text = line.lstrip(" ")
            if not line.isprintable():  # tabs, control characters and odd line breaks among them
                raise NotPlainError
            if text and not text.startswith("#"):
                self._lines.append(Line(number, len(line) - len(text), text))
        if not self._lines:
            raise NotPlainError
        self._place((), self._lines[0], 0)
        value = self._block(())
        if self._next < len(self._lines):
            raise NotPlainError
        return value

    def _block(self, path: KeyPath) -> JSON:
        """Read the block that starts in the next line."""
        line = self._lines[self._next]
        return self._items(line.indent, path) if line.text.startswith("- ") else self._mapping(line.indent, path)

    def _mapping(self, indent: int, path: KeyPath) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        while (line := self._line_at(indent)) is not None:
            entry = ENTRY.fullmatch(line.text)
            if entry is None or entry["key"] in found:
                raise NotPlainError
            key = entry["key"]
            where = (*path, key)
            self._next += 1
            self.keys[where] = self._position(line)
            if entry["value"] and not entry["value"].startswith("#"):
                found[key] = self._inline(line, entry.start("value"), where)
            elif self._next < len(self._lines) and self._lines[self._next].indent > indent:
                self._place(where, line, 0)
                found[key] = self._block(where)
            else:
                self._place(where, line, len(key) + 1)
                found[key] = None
        return found

    def _items(self, indent: int, path: KeyPath) -> list[JSON]:
        found: list[JSON] = []
        while (line := self._line_at(indent)) is not None:
            item = ITEM.fullmatch(line.text)
            if item is None:
                raise NotPlainError
            where = (*path, len(found))
            if ENTRY.fullmatch(item["item"]):
                start = item.start("item")
                self._lines[self._next] = Line(line.number, indent + start, item["item"])
                self._place(where, line, start)
                found.append(self._mapping(indent + start, where))
            else:
                self._next += 1
                found.append(self._inline(line, item.start("item"), where))
        return found

    def _line_at(self, indent: int) -> Line | None:
        """Return the next line if it belongs to the block with this indentation."""
        line = self._lines[self._next] if self._next < len(self._lines) else None
        if line is None or line.indent < indent:
            return None
        if line.indent > indent:
            raise NotPlainError
        return line

    def _inline(self, line: Line, start: int, path: KeyPath) -> JSON:
        """Read a value that ends in its line."""
        if line.text[start] in "[{\"'":
            value, end = self._in_brackets(line, start, path)
            if not END.fullmatch(line.text, end):
                raise NotPlainError
            return value
        self._place(path, line, start)
        text = line.text[start:].partition(" #")[0].rstrip(" ")
        if not PLAIN.fullmatch(text):
            raise NotPlainError
        return _plain_value(text)

    def _in_brackets(self, line: Line, start: int, path: KeyPath) -> tuple[JSON, int]:
        """Read a value as it stands inside brackets; return it, and where it ends."""
        self._place(path, line, start)
        if line.text.startswith("[", start):
            return self._list_in_brackets(line, _after_spaces(line, start + 1), path)
        if line.text.startswith("{", start):
            return self._mapping_in_brackets(line, _after_spaces(line, start + 1), path)
        if quoted := QUOTED.match(line.text, start):
            return quoted["double"] or quoted["single"] or "", quoted.end()
        if plain := PLAIN_IN_BRACKETS.match(line.text, start):
            return _plain_value(plain[0]), plain.end()
        raise NotPlainError

    def _list_in_brackets(self, line: Line, start: int, path: KeyPath) -> tuple[list[JSON], int]:
        found: list[JSON] = []
        if line.text.startswith("]", start):
            return found, start + 1
        while True:
            value, end = self._in_brackets(line, start, (*path, len(found)))
            found.append(value)
            start, closed = _separated(line, end, "]")
            if closed:
                return found, start

    def _mapping_in_brackets(self, line: Line, start: int, path: KeyPath) -> tuple[dict[str, JSON], int]:
        found: dict[str, JSON] = {}
        if line.text.startswith("}", start):
            return found, start + 1
        while True:
            entry = ENTRY_IN_BRACKETS.match(line.text, start)
            if entry is None or entry["key"] in found:
                raise NotPlainError
            where = (*path, entry["key"])
            self.keys[where] = self._position(line, start)
            found[entry["key"]], end = self._in_brackets(line, entry.end(), where)
            start, closed = _separated(line, end, "}")
            if closed:
                return found, start

    def _place(self, path: KeyPath, line: Line, start: int) -> None:
        """Note where a value is, within the bounds of the whole reader."""
        if len(path) > MAX_DEPTH or len(self.positions) + len(self.keys) >= MAX_NODES:
            raise NotPlainError
        self.positions[path] = self._position(line, start)

    def _position(self, line: Line, start: int = 0) -> Position:
        return Position(file=self._file, line=line.number + 1, column=line.indent + start + 1)


def _after_spaces(line: Line, start: int) -> int:
    spaces = SPACES.match(line.text, start)
    return spaces.end() if spaces else start


def _separated(line: Line, end: int, closing: str) -> tuple[int, bool]:
    """Return where what follows a value in brackets starts, and whether the bracket was closed."""
    end = _after_spaces(line, end)
    if line.text.startswith(closing, end):
        return end + 1, True
    if line.text.startswith(",", end):
        return _after_spaces(line, end + 1), False
    raise NotPlainError


def _plain_value(text: str) -> JSON:
    try:
        return plain_value(text)
    except ValueError as error:
        raise NotPlainError from error
