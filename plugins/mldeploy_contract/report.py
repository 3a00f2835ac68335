"""Choose how verdicts are written, and write the forms for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Protocol

import click

from mldeploy.errors import Problem
from mldeploy_contract.plain_report import PlainReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from mldeploy.events import State
    from mldeploy.model import JSON
    from mldeploy_contract.examination import Examination
    from mldeploy_contract.rule import Verdict
    from mldeploy_contract.trial import Conditions


class Report(Protocol):
    """Takes verdicts as they fall, and the whole at the end."""

    def tell(self, verdict: Verdict) -> None:
        """Show one verdict."""

    def finish(self, examination: Examination) -> None:
        """Show what remains to be said."""


def report_for(output: str, title: str, conditions: Conditions) -> Report:
    """Return the report in a format: plain, json, github or junit."""
    if output == "plain":
        return PlainReport(title, conditions)
    if output == "junit":
        return JunitVerdicts()
    return DocumentReport(_json_text if output == "json" else _github_text)


class JunitVerdicts:
    """A test report on stdout with a case per rule; plain lines on stderr meanwhile."""

    def __init__(self) -> None:
        from mldeploy.formats.junit import JunitReport  # noqa: PLC0415 - loaded for its format only

        self._report = JunitReport(sys.stdout, sys.stderr)

    def tell(self, verdict: Verdict) -> None:
        """Take a verdict as the end of a step."""
        from mldeploy.events import Event  # noqa: PLC0415 - see above

        states: dict[str, State] = {"pass": "done", "fail": "failed", "skip": "skipped"}
        broken = verdict.state == "fail"
        self._report.emit(
            Event(
                step=f"{verdict.rule.id}/{verdict.rule.title}",
                state=states[verdict.state],
                phase="contract",
                message=f"{verdict.evidence}\ntry: {verdict.rule.fix}" if broken else verdict.evidence,
                seconds=verdict.seconds,
            )
        )

    def finish(self, examination: Examination) -> None:  # noqa: ARG002 - it has all of them
        """Write the report."""
        self._report.__exit__(None, None, None)


class DocumentReport:
    """One document at the end."""

    def __init__(self, write: Callable[[Examination], str]) -> None:
        self._write = write

    def tell(self, verdict: Verdict) -> None:
        """Wait for the others."""

    def finish(self, examination: Examination) -> None:
        """Write the document."""
        click.echo(self._write(examination))


def to_json(examination: Examination) -> JSON:
    """Return an examination as JSON data; times in seconds."""
    start = examination.start_up
    return {
        "target": examination.title,
        "holds": not examination.broken,
        "seconds": round(examination.seconds, 3),
        "startUp": {
            "seconds": None if start.healthy_seconds is None else round(start.healthy_seconds, 3),
            "allowedSeconds": examination.conditions.limits.startup,
            "pings": start.pings,
            "outcome": start.cause.value,
        },
        "rules": [
            {
                "id": verdict.rule.id,
                "title": verdict.rule.title,
                "state": verdict.state,
                "evidence": verdict.evidence,
                "fix": verdict.rule.fix,
                "source": verdict.rule.source,
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in examination.verdicts
        ],
    }


def _json_text(examination: Examination) -> str:
    return json.dumps(to_json(examination), indent=2)


def _github_text(examination: Examination) -> str:
    from mldeploy.formats.workflow_commands import annotation_lines, harmless  # noqa: PLC0415 - see above

    lines = [f"{one.state} {one.rule.id} {one.rule.title}: {one.evidence}" for one in examination.verdicts]
    return "\n".join([harmless("\n".join(lines)), *annotation_lines(map(_problem, examination.broken))])


def _problem(verdict: Verdict) -> Problem:
    rule = verdict.rule
    return Problem(message=f"{rule.id} {rule.title}: {verdict.evidence}", hint=f"{rule.fix} ({rule.source})")
