"""JSONThreatProtection: how deep, wide and long a JSON body may be.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/json-threat-protection-policy. Only bodies
whose content type is JSON are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.settings import whole_number
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

Pairs = list[tuple[str, Any]]


class _Object(Pairs):
    """An object as it was written, with names that occur twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonThreatProtection:
    """Limits; None is no limit."""

    SHAPE: ClassVar[Shape] = policy(
        ArrayElementCount=TEXT,
        ContainerDepth=TEXT,
        ObjectEntryCount=TEXT,
        ObjectEntryNameLength=TEXT,
        StringValueLength=TEXT,
        Source=TEXT,
    )
    name: str
    source: str
    elements: int | None
    depth: int | None
    entries: int | None
    name_length: int | None
    text_length: int | None

    @classmethod
    def from_xml(cls, name: str, document: Element) -> JsonThreatProtection:
        """Read the policy.

        Raises:
            PolicyError: a limit is no number.
        """
        return cls(
            name=name,
            source=text(document, "Source"),
            elements=whole_number(document, "ArrayElementCount"),
            depth=whole_number(document, "ContainerDepth"),
            entries=whole_number(document, "ObjectEntryCount"),
            name_length=whole_number(document, "ObjectEntryNameLength"),
            text_length=whole_number(document, "StringValueLength"),
        )

    def run(self, context: Context) -> None:
        """Look at the body.

        Raises:
            Fault: ExecutionFailed.
        """
        message = context.choose(self.source if self.source in {"request", "response"} else "")
        is_json = message.headers.get("Content-Type", "").split(";")[0].strip().lower() == "application/json"
        if not is_json or not message.body:
            return
        try:
            document = json.loads(message.body, object_pairs_hook=_Object)
            problem = next(self._problems(document), "")
        except (ValueError, RecursionError) as error:
            problem = f"{error}" if isinstance(error, ValueError) else "Exceeded container depth"
        if problem:
            context.write(f"jsonattack.{self.name}.failed", "true")
            reason = f"JSONThreatProtection[{self.name}]: Execution failed. reason: {problem}"
            raise Fault(500, "steps.jsonthreatprotection.ExecutionFailed", reason)

    def _problems(self, document: Any) -> Iterator[str]:
        left: list[tuple[Any, int]] = [(document, 1)]
        while left:
            value, depth = left.pop()
            if isinstance(value, str) and _over(len(value), self.text_length):
                yield "Exceeded string value length"
            if not isinstance(value, list):
                continue
            if _over(depth, self.depth):
                yield "Exceeded container depth"
            if isinstance(value, _Object):
                if _over(len(value), self.entries):
                    yield "Exceeded object entry count"
                if any(_over(len(name), self.name_length) for name, _ in value):
                    yield "Exceeded object entry name length"
                left += [(item, depth + 1) for _, item in value]
            else:
                if _over(len(value), self.elements):
                    yield "Exceeded array element count"
                left += [(item, depth + 1) for item in value]


def _over(number: int, limit: int | None) -> bool:
    return limit is not None and number > limit
