"""The part of GitHub's expression language that our actions and workflows use; anything else is an error.

Source: docs.github.com, "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>==|!=|&&|\|\||[!(),]))")
INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
WORDS = {"true": True, "false": False, "null": None}

Contexts = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


def interpolated(value: Any, contexts: Contexts, functions: Functions | None = None) -> str:
    """Return a value of a workflow file as text, with every `${{ … }}` replaced."""
    return INSERTED.sub(lambda found: as_text(evaluate(found[1], contexts, functions)), as_text(value))


def condition(text: str | None, contexts: Contexts, functions: Functions) -> bool:
    """Return whether a step or job with this `if` runs; without a status function, only after success."""
    inner = str(text if text is not None else "success()").strip()
    inner = inner[3:-2].strip() if inner.startswith("${{") else inner
    if not re.search(r"\b(success|failure|always|cancelled)\(\)", inner):
        inner = f"success() && ({inner})"
    return truthy(evaluate(inner, contexts, functions))


def evaluate(text: str, contexts: Contexts, functions: Functions | None = None) -> Any:
    """Return the value of one expression."""
    parser = Parser(text, contexts, functions or {})
    value = parser.either()
    assert parser.at_end, f"{text!r}: unexpected {parser.tokens}"
    return value


def truthy(value: Any) -> bool:
    return value not in (None, False, 0, "")


def as_text(value: Any) -> str:
    return {None: "", True: "true", False: "false"}.get(value, value if isinstance(value, str) else str(value))


class Parser:
    """Recursive descent: `||`, `&&`, comparison, `!`, then values."""

    def __init__(self, text: str, contexts: Contexts, functions: Functions) -> None:
        self.contexts, self.functions = contexts, functions
        self.tokens: list[tuple[str, str]] = []
        rest = text.strip()
        while rest:
            found = TOKEN.match(rest)
            assert found, f"{text!r}: this runner does not know {rest!r}"
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            rest = rest[found.end() :].strip()

    @property
    def at_end(self) -> bool:
        return not self.tokens

    def either(self) -> Any:
        value = self.both()
        while self.takes("||"):
            other = self.both()
            value = value if truthy(value) else other
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.takes("&&"):
            other = self.comparison()
            value = other if truthy(value) else value
        return value

    def comparison(self) -> Any:
        value = self.single()
        for sign in ("==", "!="):
            if self.takes(sign):
                other = self.single()
                assert type(value) is type(other), f"comparing {value!r} with {other!r} would convert types"
                same = value.lower() == other.lower() if isinstance(value, str) else value == other
                return same == (sign == "==")
        return value

    def single(self) -> Any:
        if self.takes("!"):
            return not truthy(self.single())
        if self.takes("("):
            value = self.either()
            assert self.takes(")")
            return value
        group, token = self.tokens.pop(0)
        if group == "text":
            return token[1:-1].replace("''", "'")
        assert group == "name", f"unexpected {token!r}"
        return self.called(token) if self.takes("(") else self.looked_up(token)

    def called(self, name: str) -> Any:
        arguments = []
        while not self.takes(")"):
            arguments.append(self.either())
            self.takes(",")
        return self.functions[name](*arguments)

    def looked_up(self, name: str) -> Any:
        if name in WORDS:
            return WORDS[name]
        context, *keys = name.split(".")
        assert context in self.contexts, f"there is no context {context!r} here"
        value = self.contexts[context]
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return "" if value is None else value

    def takes(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            del self.tokens[0]
            return True
        return False
