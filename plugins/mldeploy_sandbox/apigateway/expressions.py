"""Mapping expressions: where a value of a request or an answer comes from.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The values that expressions can name; header names are matched in any case."""

    context: Mapping[str, Any] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    method_request: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    integration_headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def with_context(self, **more: Any) -> Scope:
        """Return a scope with more of $context."""
        return replace(self, context={**self.context, **more})

    def answered(self, headers: Mapping[str, str], body: str) -> Scope:
        """Return a scope with what the backend answered; `body` now means the backend's."""
        return replace(self, integration_headers=headers, body=body)

    def value(self, expression: str) -> str | None:
        """Return the value of a mapping expression; None when there is none."""
        if expression.startswith("'") and expression.endswith("'"):
            return expression[1:-1]
        found: Any = None
        match expression.split("."):
            case ["context", *names]:
                found = member(self.context, names)
            case ["stageVariables", name]:
                found = self.stage_variables.get(name)
            case ["method", "request", "body", *names] | ["integration", "response", "body", *names]:
                found = self.body_member(names)
            case ["integration", "response", "header", name]:
                found = _any_case(self.integration_headers, name)
            case ["method", "request", place, name]:
                found = _any_case(self.method_request.get(place, {}), name)
        return found if found is None or isinstance(found, str) else json.dumps(found)

    def body_member(self, names: list[str]) -> Any:
        """Return a member of the JSON body, or the whole text when none is named; None when it is not JSON."""
        if not names:
            return self.body
        try:
            return member(json.loads(self.body), names)
        except ValueError:
            return None


def _any_case(values: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in values.items() if key.lower() == name.lower()), None)


def member(value: Any, names: list[str]) -> Any:
    """Walk down nested objects; None when a name is missing on the way."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
