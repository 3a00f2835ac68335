"""What the executor tells the world; progress bars, plain lines and JSON are renderings of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SYMBOLS = {"create": "+", "update": "~", "keep": "=", "delete": "-", "run": "▸"}
"""One sign per action, in plans and in progress."""

State = Literal["started", "progress", "done", "kept", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one step (or, with an empty step id, to the run)."""

    step: str
    state: State
    action: str = ""
    phase: str = ""
    message: str = ""
    seconds: float = 0.0


def unseen(_event: Event) -> None:
    """Take an event and show nothing: for commands that only read."""
