"""Render events: a live list on a terminal, one line per change elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, TextIO

from mldeploy.events import SYMBOLS

if TYPE_CHECKING:
    from types import TracebackType

    from mldeploy.events import Event


class Report(AbstractContextManager["Report"], Protocol):
    """Receives events while its block is open."""

    def emit(self, event: Event) -> None:
        """Show one event."""


def report_for(*, as_json: bool) -> Report:
    """Return the report that fits: JSON lines on stdout, a live list on a terminal, plain lines otherwise."""
    if as_json:
        return LineReport(sys.stdout, _json_line)
    if sys.stderr.isatty():
        from mldeploy.live_report import LiveReport  # noqa: PLC0415 - rich loads only on a terminal

        return LiveReport()
    return LineReport(sys.stderr, plain_line)


class LineReport(AbstractContextManager["LineReport"]):
    """Writes one line per event, flushed at once, and sums up the phases."""

    def __init__(self, stream: TextIO, line: Formatter) -> None:
        self._stream = stream
        self._line = line

    def emit(self, event: Event) -> None:
        """Write one event."""
        text = self._line(event)
        if text:
            self._stream.write(text + "\n")
            self._stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()


class Formatter(Protocol):
    """Turns an event into a line; an empty line is left out."""

    def __call__(self, event: Event, /) -> str:
        """Return the line."""


class PhaseTimes:
    """Measures how long each phase took, from its first step's start to its last step's end."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[float, float]] = {}

    def see(self, event: Event) -> None:
        """Take note of an event that happens now."""
        if event.phase and event.state in {"started", "done", "failed"}:
            now = time.monotonic()
            start = min(self._spans.get(event.phase, (now, now))[0], now)
            self._spans[event.phase] = (start, now)

    def seconds(self) -> dict[str, float]:
        """Return phase → seconds, in the order of the phases' starts."""
        return {phase: round(end - start, 2) for phase, (start, end) in self._spans.items()}


def plain_line(event: Event) -> str:
    """Return the line for a log without a terminal; what is kept is not worth one."""
    label = f"{SYMBOLS.get(event.action, ' ')} {event.step}" if event.step else "mldeploy"
    match event.state:
        case "kept" | "skipped":
            return ""
        case "started":
            return f"{label}: {event.action}{f' ({event.message})' if event.message else ''}"
        case "done":
            return f"{label}: done in {event.seconds:.1f} s"
        case "failed":
            return f"{label}: FAILED after {event.seconds:.1f} s"
        case _:
            return f"{label}: {event.message}"


def _json_line(event: Event) -> str:
    return json.dumps({"event": "step", **asdict(event)})
