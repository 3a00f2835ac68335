"""Events as a GitHub log: plain lines in groups that fold, one group until verification and one for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from mldeploy.formats.workflow_commands import command, harmless
from mldeploy.model import Phase
from mldeploy.report import plain_line

if TYPE_CHECKING:
    from types import TracebackType

    from mldeploy.events import Event

TITLES = {Phase.VERIFY.value: "verify"}
DEPLOY = "build, provision, expose"


class GithubReport(AbstractContextManager["GithubReport"]):
    """Writes events to one stream, so that lines and groups stay in order; events come from several threads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._title = ""
        self._writing = Lock()

    def emit(self, event: Event) -> None:
        """Write one event."""
        text = plain_line(event)
        if not text:
            return
        with self._writing:
            title = TITLES.get(event.phase, DEPLOY) if event.phase else self._title
            if title != self._title:
                self._close()
                self._title = title
                self._write(command("group", title))
            self._write(harmless(text))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._title:
            self._write(command("endgroup"))
            self._title = ""

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
