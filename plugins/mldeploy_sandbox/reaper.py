"""Ends the process groups that a sandbox left behind; a program of its own, so that it outlives the sandbox.

Reads lines from stdin: `+123` when the sandbox starts group 123, `-123` when it has ended it. The end of the input
means that the sandbox is gone. Standard library only, and started without site packages, so that it costs little.
"""

from __future__ import annotations

import os
import signal
import sys
import time

PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 0.05


def follow() -> set[int]:
    """Return the groups that still run when the sandbox is gone."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def send(groups: set[int], number: int) -> set[int]:
    """Signal every group (0 only asks); return those that exist."""
    alive: set[int] = set()
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue
        alive.add(group)
    return alive


def main() -> None:
    """Wait for the end of the sandbox, then send TERM, and KILL to what is still there."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = send(follow(), signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while groups and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        groups = send(groups, 0)
    send(groups, signal.SIGKILL)


if __name__ == "__main__":
    main()
