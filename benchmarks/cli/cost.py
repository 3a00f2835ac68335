"""The CPU time of a child process, whole process: interpreter start, imports, work, and the children it waited for."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line to measure.

    - `name`: what the table calls it.
    - `arguments`: the argument list; the program is a path.
    - `folder`: where it runs; with `fresh`, in a new and empty folder below it each time.
    - `exit_code`: what it has to end with; anything else means that we measure the wrong thing.
    - `goal`: the most that it may cost, as a multiple of a bare interpreter; None for peers.
    """

    name: str
    arguments: tuple[str, ...]
    folder: Path
    fresh: bool = False
    exit_code: int = 0
    goal: float | None = None


class WrongExitError(Exception):
    """A measured command did not end as it should."""


def measured(commands: Iterable[Command], rounds: int, environment: Mapping[str, str]) -> dict[str, float]:
    """Return name → median CPU seconds; each round runs every command once, so that a busy moment hits all alike.

    Arguments:
        rounds: how many count; one more comes first and does not, it writes bytecode and fills the file cache.
        environment: all variables of the commands.
    """
    chosen = list(commands)
    samples: dict[str, list[float]] = {command.name: [] for command in chosen}
    for number in range(rounds + 1):
        for command in chosen:
            seconds = cpu_seconds(command, environment)
            if number:
                samples[command.name].append(seconds)
    return {name: statistics.median(values) for name, values in samples.items()}


def cpu_seconds(command: Command, environment: Mapping[str, str]) -> float:
    """Run a command and return its user and system time in seconds, from wait4(2).

    Raises:
        WrongExitError: it ended with another code than expected.
    """
    process = subprocess.Popen(
        command.arguments,
        cwd=tempfile.mkdtemp(dir=command.folder) if command.fresh else command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != command.exit_code:
        message = f"{command.name}: exit code {process.returncode}, not {command.exit_code}"
        raise WrongExitError(message)
    return usage.ru_utime + usage.ru_stime
