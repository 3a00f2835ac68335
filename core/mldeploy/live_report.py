"""The live list of running steps on a terminal, finished ones above it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from mldeploy.events import SYMBOLS

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from mldeploy.events import Event


class LiveReport(AbstractContextManager["LiveReport"]):
    """Redraws what is running, four times a second; what is finished scrolls up."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._running: dict[str, tuple[float, str]] = {}
        self._live = Live(console=self._console, get_renderable=self._draw, transient=True, refresh_per_second=4)

    def __enter__(self) -> LiveReport:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def emit(self, event: Event) -> None:
        """Show one event."""
        label = f"{SYMBOLS.get(event.action, ' ')} {event.step}"
        match event.state:
            case "started":
                self._running[event.step] = (time.monotonic(), "")
            case "progress" if event.step in self._running:
                self._running[event.step] = (self._running[event.step][0], event.message)
            case "progress":
                self._console.print(Text(event.message, style="bold"))
            case "done":
                self._running.pop(event.step, None)
                self._console.print(Text.assemble((label, "green"), f"  {event.seconds:.1f} s"))
            case "failed":
                self._running.pop(event.step, None)
                self._console.print(Text.assemble((label, "bold red"), f"  failed after {event.seconds:.1f} s"))
            case _:
                pass

    def _draw(self) -> RenderableType:
        now = time.monotonic()
        lines = [
            f"  … {step}  {now - start:.0f} s  {message}".rstrip() for step, (start, message) in self._running.items()
        ]
        return Text("\n".join(lines), style="yellow", overflow="ellipsis", no_wrap=True)
