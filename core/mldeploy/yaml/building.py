"""Build JSON data with positions from the events of PyYAML, safely for hostile input.

PyYAML's own constructors recurse, guess types and drop duplicate keys, so only its events are used. Size, depth and
number of nodes are bounded; aliases, tags, merge keys and directives are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from yaml import events

from mldeploy.errors import Position, Problem, ReleaseError
from mldeploy.wording import cut, quoted
from mldeploy.yaml.events import Event, EventStream, Mark
from mldeploy.yaml.scalars import MAX_DEPTH, MAX_NODES, plain_value

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Builder:
    """Builds one document; what is wrong but readable is collected, the rest stops at once.

    `positions` and `keys` are those of a `Document`.

    Raises:
        ReleaseError: the text holds a character that YAML does not allow.
    """

    def __init__(self, text: str, file: str) -> None:
        self._stream = EventStream(text, file)
        self._file = file
        self._nodes = 0
        self._problems: list[Problem] = []
        self.positions: dict[KeyPath, Position] = {}
        self.keys: dict[KeyPath, Position] = {}

    def value(self) -> JSON:
        """Build the value of the document.

        Raises:
            ReleaseError: anything was wrong.
        """
        try:
            value = self._only_document()
        except ReleaseError as error:
            self._problems.extend(error.problems)
        else:
            if not self._problems:
                return value
        message = f"{self._file} cannot be read"
        raise ReleaseError(message, problems=tuple(self._problems))

    def _only_document(self) -> JSON:
        self._stream.next()
        start = self._stream.next()
        if isinstance(start, events.StreamEndEvent):
            return None
        if start.version or start.tags:
            self._report("directives are not supported", start, "remove the lines that start with %")
        value = self._node(self._stream.next(), (), None)
        self._stream.next()
        second = self._stream.next()
        if isinstance(second, events.DocumentStartEvent):
            self._report("a second document starts here", second, "write one document per file")
        return value

    def _node(self, event: Event, path: KeyPath, key: Mark | None) -> JSON:
        """Build the value that an event starts; `key` is where its key is, if it has one."""
        self._count(event, path)
        self.positions[path] = self._stream.position(_place(event, key))
        if isinstance(event, events.AliasEvent):
            self._report(f"aliases are not supported: *{cut(str(event.anchor))}", event, "write the value again")
            return None
        if event.anchor:
            self._report(f"anchors are not supported: &{cut(str(event.anchor))}", event, "remove it")
        if event.tag:
            self._report(f"tags are not supported: {cut(str(event.tag))}", event, "remove it; values need no tags")
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(path)
        return self._scalar(event)

    def _sequence(self, path: KeyPath) -> list[JSON]:
        items: list[JSON] = []
        while not isinstance(event := self._stream.next(), events.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        while not isinstance(event := self._stream.next(), events.MappingEndEvent):
            key = self._key(event, path)
            where = (*path, key)
            if key in found:
                hint = f"keep one of them; the other is in line {self.keys[where].line}"
                self._report(f"the key {quoted(key)} is there twice", event, hint)
            self.keys[where] = self._stream.position(event.start_mark)
            found[key] = self._node(self._stream.next(), where, event.start_mark)
        return found

    def _key(self, event: Event, path: KeyPath) -> str:
        self._count(event, path)
        if not isinstance(event, events.ScalarEvent) or event.anchor or event.tag:
            self._stop("a key has to be a plain text", event, "write `key: value`")
        if event.value == "<<" and event.implicit[0]:
            self._report("merge keys are not supported", event, "write the keys again, or use environments")
        return self._text(event)

    def _scalar(self, event: Event) -> JSON:
        text = self._text(event)
        if not event.implicit[0]:
            return text
        try:
            return plain_value(text)
        except ValueError as error:
            self._report(str(error), event, "put it in quotes if it is meant as a text")
            return None

    def _text(self, event: Event) -> str:
        text = str(event.value)
        if LONE_SURROGATE.search(text):
            self._report("half of a surrogate pair is not a character", event, "write the character itself")
        return text

    def _count(self, event: Event, path: KeyPath) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            hint = "a release file is a page or two; is this another file?"
            self._stop(f"the file has more than {MAX_NODES} keys and values", event, hint)
        if len(path) > MAX_DEPTH:
            hint = "no key of a release is that deep; is a bracket missing?"
            self._stop(f"nested deeper than {MAX_DEPTH} levels", event, hint)

    def _report(self, message: str, event: Event, hint: str) -> None:
        position = self._stream.position(event.start_mark)
        self._problems.append(Problem(message=message, position=position, hint=hint))

    def _stop(self, message: str, event: Event, hint: str) -> NoReturn:
        self._report(message, event, hint)
        raise ReleaseError(message)


def _place(event: Event, key: Mark | None) -> Mark:
    """Return where a reader looks for a value: a block has no place of its own, so its key stands for it."""
    is_block = isinstance(event, events.CollectionStartEvent) and not event.flow_style
    found: Mark = key if is_block and key is not None else event.start_mark
    return found
