"""Run a deployment verb with its events on show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mldeploy.report import PhaseTimes, report_for

if TYPE_CHECKING:
    from mldeploy.events import Event
    from mldeploy.report import Report


@contextmanager
def shown(output: str = "plain") -> Iterator[tuple[Callable[[Event], None], PhaseTimes]]:
    """Open a report in an output format; yields the function that takes events, and the times of the phases."""
    times = PhaseTimes()
    with _report(output) as report:

        def emit(event: Event) -> None:
            times.see(event)
            report.emit(event)

        yield emit, times


def _report(output: str) -> Report:
    if output == "github":
        from mldeploy.formats.github_report import GithubReport

        return GithubReport(sys.stdout)
    if output == "junit":
        from mldeploy.formats.junit import JunitReport

        return JunitReport(sys.stdout, sys.stderr)
    return report_for(as_json=output == "json")
