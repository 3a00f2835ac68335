"""Compose YAML text into nodes that know their places, with anchors and merge keys, as CircleCI files use them.

The loader of release.yaml refuses these on purpose; this one shares its scanner, its scalars and its bounds of depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from yaml import events

from mldeploy.errors import Position, Problem, ReleaseError
from mldeploy.source_text import one_problem
from mldeploy.wording import quoted
from mldeploy.yaml.events import Event, EventStream, Mark
from mldeploy.yaml.scalars import plain_value

MAX_DEPTH = 64
MERGE_KEY = "<<"
YAML_1_1_BOOLEAN = re.compile(r"(on|off|yes|no)|(On|Off|Yes|No)|(ON|OFF|YES|NO)")
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt\s].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value: a scalar, a tuple of nodes or a mapping of entries. `included` says that it is the text of a file."""

    content: str | bool | float | tuple[Node, ...] | Mapping[str, Entry] | None
    position: Position
    included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value in a mapping, and where its key is."""

    key: Position
    node: Node


@dataclass(frozen=True, slots=True)
class Composed:
    """What a text holds; `ambiguous` names the scalars that tools of YAML 1.1 and 1.2 read as different values."""

    root: Node
    ambiguous: tuple[Problem, ...]


def compose(text: str, file: str) -> Composed:
    """Compose the one document of a text; an empty one is null.

    Raises:
        ReleaseError: it is not YAML, or uses tags, an unknown anchor, a key twice, or a second document.
    """
    composer = _Composer(stream=EventStream(text, file))
    return Composed(composer.document(), tuple(composer.ambiguous))


@dataclass(slots=True)
class _Composer:
    stream: EventStream
    ambiguous: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)

    def document(self) -> Node:
        self.stream.next()
        start = self.stream.next()
        position = self.stream.position(start.start_mark)
        if isinstance(start, events.StreamEndEvent):
            return Node(content=None, position=position)
        root = self._node(self.stream.next(), None, 0)
        self.stream.next()
        after = self.stream.next()
        if isinstance(after, events.DocumentStartEvent):
            self._stop("a second document starts here", after, "write one document per file")
        return root

    def _node(self, event: Event, key: Mark | None, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            if event.anchor not in self.anchors:
                self._stop(f"the anchor &{event.anchor} is not defined above", event, "define it in this file first")
            return self.anchors[event.anchor]
        if depth > MAX_DEPTH:
            self._stop(f"nested deeper than {MAX_DEPTH} levels", event, "is a bracket missing?")
        if event.tag:
            self._stop("tags are not supported", event, "remove it; values need no tags")
        is_block = isinstance(event, events.CollectionStartEvent) and not event.flow_style
        mark: Mark = key if is_block and key is not None else event.start_mark
        position = self.stream.position(mark)
        node = Node(content=self._content(event, depth), position=position)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _content(self, event: Event, depth: int) -> str | bool | float | tuple[Node, ...] | Mapping[str, Entry] | None:
        if isinstance(event, events.SequenceStartEvent):
            return tuple(self._items(depth))
        if isinstance(event, events.MappingStartEvent):
            return self._entries(depth)
        return self._scalar(event)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self.stream.next(), events.SequenceEndEvent):
            yield self._node(event, None, depth + 1)

    def _entries(self, depth: int) -> Mapping[str, Entry]:
        found: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        while not isinstance(event := self.stream.next(), events.MappingEndEvent):
            position = self.stream.position(event.start_mark)
            if not isinstance(event, events.ScalarEvent):
                self._stop("a key has to be a plain text", event, "write `key: value`")
            value = self._node(self.stream.next(), event.start_mark, depth + 1)
            if event.value == MERGE_KEY and event.implicit[0]:
                merged = {**self._merged(value, event), **merged}
                continue
            if event.value in found:
                hint = f"keep one of them; the other is in line {found[event.value].key.line}"
                self._stop(f"the key {quoted(event.value)} is there twice", event, hint)
            found[event.value] = Entry(key=position, node=value)
        return {**merged, **found}

    def _merged(self, value: Node, event: Event) -> Mapping[str, Entry]:
        """Return the keys of a mapping, or of a list of mappings of which the first wins (yaml.org/type/merge.html)."""
        if isinstance(value.content, Mapping):
            return value.content
        if isinstance(value.content, tuple) and all(isinstance(item.content, Mapping) for item in value.content):
            mappings = [item.content for item in value.content if isinstance(item.content, Mapping)]
            return {key: entry for mapping in reversed(mappings) for key, entry in mapping.items()}
        return self._stop("`<<` takes a mapping or a list of mappings", event, "write `<<: *anchor`")

    def _scalar(self, event: Event) -> str | bool | float | None:
        text = str(event.value)
        if not event.implicit[0]:
            return text
        try:
            value = plain_value(text)
        except ValueError:
            self._warn(f"{quoted(text)} is a text for some readers of YAML and a number for others", event)
            return text
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value).removesuffix(".0") != text:
            self._warn(f"{quoted(text)} without quotes is a number, and not every tool keeps how it is written", event)
        elif isinstance(value, str) and YAML_1_1_BOOLEAN.fullmatch(text):
            self._warn(f"{quoted(text)} is a text for some readers of YAML and a boolean for others", event)
        elif isinstance(value, str) and DATE.fullmatch(text):
            self._warn(f"{quoted(text)} is a text for some readers of YAML and a date for others", event)
        return value  # type: ignore[no-any-return]  # a scalar, by construction

    def _warn(self, message: str, event: Event) -> None:
        hint = "put it in quotes, or write true or false"
        position = self.stream.position(event.start_mark)
        self.ambiguous.append(Problem(message=message, position=position, hint=hint, severity="warning"))

    def _stop(self, message: str, event: Event, hint: str) -> NoReturn:
        raise one_problem(message, self.stream.position(event.start_mark), hint) from None


def shape_error(node: Node, message: str, hint: str) -> ReleaseError:
    """Return the error for a node that is not of the shape it has to be."""
    return one_problem(message, node.position, hint)
