"""ExtractVariables: parts of headers and of JSON payloads as variables.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/extract-variables-policy. Only payloads
whose content type is JSON are looked at; of JSONPath, names after a dollar sign are understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true, text
from mldeploy_sandbox.apigee.policies.settings import PolicyError
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context
    from mldeploy_sandbox.apigee.runtime.messages import Message

JSON_PATH = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*)+)")
FIELD = re.compile(r"\{([A-Za-z_][\w.]*)\}")
MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPattern:
    """A header, and the pattern whose braces name variables."""

    header: str
    pattern: re.Pattern[str]
    variables: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonVariable:
    """A variable, and the names on the way to its value."""

    name: str
    path: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractVariables:
    """Sets variables; what is not there leaves them unset, when the policy says so."""

    SHAPE: ClassVar[Shape] = policy(
        Source=shape("clearPayload"),
        VariablePrefix=TEXT,
        Header=shape("name", Pattern=shape("ignoreCase")),
        JSONPayload=shape(Variable=shape("name type", JSONPath=TEXT)),
        IgnoreUnresolvedVariables=TEXT,
    )
    name: str
    source: str
    headers: Sequence[HeaderPattern]
    values: Sequence[JsonVariable]
    lenient: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> ExtractVariables:
        """Read the policy.

        Raises:
            PolicyError: a type or a path that the stand-in does not have.
        """
        prefix = text(document, "VariablePrefix")
        prefix = f"{prefix}." if prefix else ""
        return cls(
            name=name,
            source=text(document, "Source"),
            headers=[
                _header(item.get("name", ""), pattern, prefix)
                for item in document.findall("Header")
                for pattern in item.findall("Pattern")
            ],
            values=[_variable(item, prefix) for item in document.findall("JSONPayload/Variable")],
            lenient=is_true(document, "IgnoreUnresolvedVariables"),
        )

    def run(self, context: Context) -> None:
        """Set the variables.

        Raises:
            Fault: SourceMessageNotAvailable, ExecutionFailed (no JSON), or SetVariableFailed (a value is not there).
        """
        message = context.message_named(self.source or "message")
        if message is None:
            raise self._fault(context, "SourceMessageNotAvailable", f"{self.source} message is not available")
        for rule in self.headers:
            found = rule.pattern.fullmatch(message.headers.get(rule.header, ""))
            self._set(context, dict(zip(rule.variables, found.groups(), strict=True)) if found else None)
        if self.values and "json" in message.headers.get("content-type", ""):
            document = self._document(message, context)
            for variable in self.values:
                value = _at(document, variable.path)
                self._set(context, None if value is MISSING else {variable.name: _text(value)})

    def _document(self, message: Message, context: Context) -> Any:
        try:
            return json.loads(message.body)
        except (ValueError, RecursionError) as error:
            raise self._fault(context, "ExecutionFailed", f"Failed to execute the ExtractVariables: {error}") from error

    def _set(self, context: Context, found: dict[str, str] | None) -> None:
        if found is None and not self.lenient:
            raise self._fault(context, "SetVariableFailed", "a value to be extracted is not there")
        for name, value in (found or {}).items():
            context.write(name, value)

    def _fault(self, context: Context, code: str, reason: str) -> Fault:
        context.write(f"extractvariables.{self.name}.failed", "true")
        return Fault(500, f"steps.extractvariables.{code}", f"{self.name}: {reason}")


def _header(name: str, element: Element, prefix: str) -> HeaderPattern:
    pieces = FIELD.split((element.text or "").strip())
    pattern = "".join("(.+)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    flags = re.IGNORECASE if element.get("ignoreCase", "false") == "true" else 0
    return HeaderPattern(
        header=name, pattern=re.compile(pattern, flags), variables=[f"{prefix}{item}" for item in pieces[1::2]]
    )


def _variable(element: Element, prefix: str) -> JsonVariable:
    found = JSON_PATH.fullmatch(text(element, "JSONPath"))
    if element.get("type", "string") != "string" or found is None:
        message = f"the stand-in extracts texts by a path such as $.name, not {text(element, 'JSONPath')}"
        raise PolicyError(message)
    return JsonVariable(name=f"{prefix}{element.get('name', '')}", path=found[1].split(".")[1:])


def _at(document: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return MISSING
        document = document[name]
    return MISSING if document is None else document


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
