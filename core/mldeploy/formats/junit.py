"""Test reports in JUnit's XML, as CI systems read them: one suite per phase or file, one case per step or check.

Source: the elements that the readers of CircleCI, GitLab and Jenkins have in common (testmoapp/junitxml, "Common JUnit
XML format").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, TextIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mldeploy.report import LineReport, plain_line

if TYPE_CHECKING:
    from types import TracebackType

    from mldeploy.errors import Problem
    from mldeploy.events import Event

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold (XML 1.0, production 2)."""
LASTING = ("done", "failed", "skipped")


def findings_report(checked: Iterable[tuple[str, Iterable[Problem]]]) -> str:
    """Return a report on release files: a case per file, failed when it has an error."""
    suites = Element("testsuites", name="mldeploy validate")
    suite = SubElement(suites, "testsuite", name="release files")
    for file, problems in checked:
        case = SubElement(suite, "testcase", name=_text(file), classname="release")
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            lines = [f"{problem.position or file}: {problem.message}" for problem in errors]
            failure = SubElement(case, "failure", message=_text(errors[0].message))
            failure.text = _text("\n".join(lines))
    return _document(suites)


class JunitReport(AbstractContextManager["JunitReport"]):
    """Shows events as plain lines while they come, and writes the report of the steps that ran at the end."""

    def __init__(self, stream: TextIO, log: TextIO) -> None:
        self._stream = stream
        self._plain = LineReport(log, plain_line)
        self._ended: list[Event] = []
        self._adding = Lock()

    def emit(self, event: Event) -> None:
        """Show one event, and remember how a step ended."""
        self._plain.emit(event)
        if event.step and event.state in LASTING:
            with self._adding:
                self._ended.append(event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        suites = Element("testsuites", name="mldeploy")
        for phase in dict.fromkeys(event.phase for event in self._ended):
            suite = SubElement(suites, "testsuite", name=phase)
            for event in self._ended:
                if event.phase == phase:
                    _add_case(suite, event)
        self._stream.write(_document(suites))
        self._stream.flush()


def _add_case(suite: Element, event: Event) -> None:
    kind, _, name = event.step.partition("/")
    case = SubElement(suite, "testcase", classname=_text(kind), name=_text(name), time=f"{event.seconds:.3f}")
    if event.state == "failed":
        SubElement(case, "failure", message=_text(event.message.partition("\n")[0])).text = _text(event.message)
    elif event.state == "skipped":
        SubElement(case, "skipped")


def _document(suites: Element) -> str:
    for element in [*suites, suites]:
        cases = list(element.iter("testcase"))
        element.set("tests", str(len(cases)))
        for result, attribute in (("failure", "failures"), ("skipped", "skipped")):
            element.set(attribute, str(sum(case.find(result) is not None for case in cases)))
        element.set("errors", "0")
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _text(text: str) -> str:
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
