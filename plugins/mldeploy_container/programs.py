"""Run a program, show its last line as progress, and keep its output for the error."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mldeploy import DeployError

KEPT_LINES = 30


def run(
    command: Sequence[str],
    *,
    folder: Path,
    say: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> None:
    """Run a program to its end.

    Raises:
        DeployError: it cannot be started or exits with another code than 0; the details are its last lines.
    """
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        with subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            if process.stdin is not None:
                process.stdin.write(stdin or "")
                process.stdin.close()
            for line in process.stdout or ():
                if line.strip():
                    lines.append(line.rstrip())
                    say(line.strip())
    except OSError as error:
        message = f"{command[0]} cannot be started: {error.strerror}"
        raise DeployError(message, hint="`mldeploy doctor` shows what is missing") from error
    if process.returncode != 0:
        shown = " ".join([Path(command[0]).name, *command[1:3]])
        message = f"`{shown} …` ended with exit code {process.returncode}"
        raise DeployError(message, details=tuple(lines))
