"""The events of a YAML text, with every failure of the parser as an error that has a position.

Pure Python on purpose: PyYAML's C scanner crashes on deep nesting.
"""

from __future__ import annotations

from typing import Any, Protocol

from yaml.error import MarkedYAMLError
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from mldeploy.errors import Position
from mldeploy.source_text import one_problem, position_at
from mldeploy.yaml.hints import hint_for

Event = Any
"""An event of PyYAML, whose attributes have no types."""


class Mark(Protocol):
    """A place as PyYAML counts it, from 0."""

    line: int
    column: int


class _Parts(Reader, Scanner, Parser):
    """PyYAML's parts up to the events; none of them recurses."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class EventStream:
    """Gives the events of a text one by one; `file` is what positions name.

    Raises:
        ReleaseError: the text holds a character that YAML does not allow.
    """

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        try:
            self._parts: Any = _Parts(text)
        except ReaderError as error:
            message = f"the control character U+{ord(text[error.position]):04X} is not allowed"
            raise one_problem(message, position_at(text, error.position, file), "remove it") from error

    def next(self) -> Event:
        """Return the next event.

        Raises:
            ReleaseError: what comes next is not YAML.
        """
        try:
            return self._parts.get_event()
        except MarkedYAMLError as error:
            found = ", ".join(text for text in (error.context, error.problem) if text)
            mark = error.problem_mark or error.context_mark or self._parts.get_mark()
            message = f"not YAML: {found}"
            raise one_problem(message, self.position(mark), hint_for(found)) from error
        except (ValueError, OverflowError) as error:  # PyYAML converts escapes and directives unchecked
            message = "not YAML: a number in an escape or directive is out of range"
            raise one_problem(message, self.position(self._parts.get_mark()), hint_for("escape character")) from error

    def position(self, mark: Mark) -> Position:
        """Return a place of PyYAML as a position."""
        return Position(file=self._file, line=mark.line + 1, column=mark.column + 1)
