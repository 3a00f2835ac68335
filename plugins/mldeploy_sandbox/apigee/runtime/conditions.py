"""Conditions of flows, steps, routes and fault rules.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.runtime.comparisons import OPERATORS, compare

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

Condition = Callable[["Context"], bool]
Operand = Callable[["Context"], str | None]

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*")|(?P<sign>=\||:=|==|!=|>=|<=|~~|~/|&&|\|\||[=<>~!()])|(?P<word>[A-Za-z0-9_][\w.\-]*))"""
)
WORDS = {"and": "&&", "or": "||", "not": "!"}


class ConditionError(Exception):
    """The stand-in does not understand a condition."""


def read_condition(text: str) -> Condition:
    """Compile a condition; an empty one holds always.

    Raises:
        ConditionError: it cannot be read.
    """
    if not text.strip():
        return lambda _: True
    parser = _Parser(text)
    condition = parser.any_of()
    if parser.token is not None:
        raise parser.error()
    return condition


class _Parser:
    """Reads from left to right: `or` binds least, then `and`, then `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.token: str | None = None
        self._next()

    def error(self) -> ConditionError:
        return ConditionError(f"the stand-in does not understand the condition '{self._text}' at '{self.token}'")

    def _next(self) -> str | None:
        """Return the token and go to the one after it."""
        token = self.token
        rest = self._text[self._position :]
        if not rest.strip():
            self.token = None
            return token
        match = TOKEN.match(rest)
        if match is None:
            self.token = rest
            raise self.error()
        self._position += match.end()
        self.token = match.group().strip()
        return token

    def _accept(self, sign: str) -> bool:
        token = WORDS.get((self.token or "").lower(), self.token)
        if token != sign:
            return False
        self._next()
        return True

    def any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._accept("||"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda context: any(part(context) for part in parts)

    def _all_of(self) -> Condition:
        parts = [self._one()]
        while self._accept("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda context: all(part(context) for part in parts)

    def _one(self) -> Condition:
        if self._accept("!"):
            inner = self._one()
            return lambda context: not inner(context)
        if self._accept("("):
            inner = self.any_of()
            if not self._accept(")"):
                raise self.error()
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        operator = OPERATORS.get((self.token or "").lower())
        if operator is None:
            if self.token in (None, ")") or WORDS.get((self.token or "").lower(), self.token) in {"&&", "||"}:
                return lambda context: (left(context) or "").lower() == "true"
            raise self.error()
        self._next()
        if operator == "~~" and not _is_pattern(self.token or ""):
            raise self.error()
        return _compared(operator, left, self._operand())

    def _operand(self) -> Operand:
        token = self._next()
        is_value = token is not None and (token.startswith('"') or re.match(r"\w", token))
        if token is None or not is_value or token.lower() in WORDS:
            raise self.error()
        if token.startswith('"'):
            return lambda _: token[1:-1]
        if token.lower() == "null":
            return lambda _: None
        if token.lower() in {"true", "false"} or token.isdigit():
            return lambda _: token.lower()
        return lambda context: context.read(token)


def _is_pattern(token: str) -> bool:
    """Tell whether a literal is a regular expression; what a variable holds shows later."""
    try:
        re.compile(token.strip('"') if token.startswith('"') else "")
    except re.error:
        return False
    return True


def _compared(operator: str, left: Operand, right: Operand) -> Condition:
    def holds(context: Context) -> bool:
        return compare(operator, left(context), right(context))

    return holds
