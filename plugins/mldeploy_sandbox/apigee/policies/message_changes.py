"""Changes to a message that several policies make: set, add and remove headers, parameters, payload and status.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/assign-message-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.settings import PolicyError
from mldeploy_sandbox.apigee.runtime.templates import BRACES, Marks, render, template_problems
from mldeploy_sandbox.apigee.shapes import TEXT, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context
    from mldeploy_sandbox.apigee.runtime.messages import Message

HEADERS = shape(Header=shape("name"))
PARAMETERS = shape(QueryParam=shape("name"))
SET = shape(
    Headers=HEADERS,
    QueryParams=PARAMETERS,
    FormParams=shape(FormParam=shape("name")),
    Payload=shape("contentType variablePrefix variableSuffix"),
    Verb=TEXT,
    Path=TEXT,
    StatusCode=TEXT,
    ReasonPhrase=TEXT,
)
ADD = shape(Headers=HEADERS, QueryParams=PARAMETERS)
REMOVE = shape(Headers=HEADERS, QueryParams=PARAMETERS, Payload=TEXT)
FORM = "application/x-www-form-urlencoded"
SCALARS = {"Verb": "verb", "Path": "path", "StatusCode": "status.code", "ReasonPhrase": "reason.phrase"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What to do to a message, in this order; names and templates.

    - `removed`: parts such as `header.x-api-key`; `header.*` stands for all.
    """

    removed: Sequence[str]
    added: Sequence[tuple[str, str]]
    written: Sequence[tuple[str, str]]
    form: Sequence[tuple[str, str]]
    payload: tuple[str, str, Marks] | None

    def apply(self, message: Message, context: Context, *, lenient: bool) -> None:
        """Change a message.

        Raises:
            UnresolvedVariable: a template names a variable that is not set, and must not.
        """
        for part in self.removed:
            _remove(message, part)
        for part, template in self.added:
            message.headers.add(part.removeprefix("header."), render(template, context, lenient=lenient))
        for part, template in self.written:
            message.write(part, render(template, context, lenient=lenient))
        if self.form:
            values = [(name, render(template, context, lenient=lenient)) for name, template in self.form]
            message.body = urlencode(values).encode()
            message.headers.set("Content-Type", FORM)
        if self.payload is not None:
            content_type, template, marks = self.payload
            message.body = render(template, context, lenient=lenient, marks=marks).encode()
            if content_type:
                message.headers.set("Content-Type", content_type)


def read_changes(document: Element) -> Changes:
    """Read the elements Set, Add and Remove.

    Raises:
        PolicyError: a template has a function that the stand-in does not know.
    """
    written = [
        *_parts(document, "Set/Headers/Header", "header"),
        *_parts(document, "Set/QueryParams/QueryParam", "queryparam"),
        *((part, text(document, f"Set/{tag}")) for tag, part in SCALARS.items() if text(document, f"Set/{tag}")),
    ]
    added = _parts(document, "Add/Headers/Header", "header")
    payload = _payload(document.find("Set/Payload"))
    form = [(item.get("name", ""), (item.text or "").strip()) for item in document.findall("Set/FormParams/FormParam")]
    templates = [(template, BRACES) for _, template in [*written, *added, *form]] + ([payload[1:]] if payload else [])
    for problem in (problem for template in templates for problem in template_problems(*template)):
        raise PolicyError(problem)
    return Changes(removed=_removed(document), added=added, written=written, form=form, payload=payload)


def _payload(element: Element | None) -> tuple[str, str, Marks] | None:
    if element is None:
        return None
    prefix, suffix = element.get("variablePrefix"), element.get("variableSuffix")
    marks = Marks(prefix, suffix) if prefix and suffix else BRACES
    return element.get("contentType", ""), (element.text or "").strip(), marks


def _parts(document: Element, path: str, kind: str) -> list[tuple[str, str]]:
    return [(f"{kind}.{item.get('name', '')}", (item.text or "").strip()) for item in document.findall(path)]


def _removed(document: Element) -> list[str]:
    removed = [part for part, _ in _parts(document, "Remove/Headers/Header", "header")]
    removed += [part for part, _ in _parts(document, "Remove/QueryParams/QueryParam", "queryparam")]
    for tag, kind in (("Headers", "header"), ("QueryParams", "queryparam")):
        element = document.find(f"Remove/{tag}")
        if element is not None and not len(element):
            removed.append(f"{kind}.*")
    return [*removed, "content"] if text(document, "Remove/Payload").lower() == "true" else removed


def _remove(message: Message, part: str) -> None:
    kind, _, name = part.partition(".")
    if part == "content":
        message.body = b""
    elif part == "header.*":
        message.headers.clear()
    elif part == "queryparam.*":
        message.query.clear()
    elif kind == "header":
        message.headers.remove(name)
    else:
        message.query.poplist(name)
