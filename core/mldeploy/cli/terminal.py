"""What kind of terminal we talk to."""

from __future__ import annotations

import os
import sys


def colour_for(choice: str) -> bool | None:
    """Return whether to colour: None lets the stream decide.

    NO_COLOR (no-color.org) and FORCE_COLOR rule where the choice is `auto`.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def is_interactive(*, no_input: bool = False) -> bool:
    """Return whether a person can answer a question: a terminal on both sides and no CI."""
    in_ci = os.environ.get("CI", "").lower() not in {"", "0", "false"}
    return not no_input and not in_ci and sys.stdin.isatty() and sys.stderr.isatty()
