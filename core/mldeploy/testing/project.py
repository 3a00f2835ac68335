"""A project folder in which a test writes files and runs `mldeploy`, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mldeploy.cli import main

SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command line left: its exit code and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.stdout)

    @property
    def events(self) -> list[Any]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def ok(self) -> Outcome:
        """Return itself.

        Raises:
            AssertionError: the exit code is not 0; the message holds all output.
        """
        if self.exit_code != 0:
            message = f"exit code {self.exit_code}\n{self.stdout}\n{self.stderr}"
            raise AssertionError(message)
        return self


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with release.yaml and whatever else a test writes there."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write a text file below the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str, stdin: str = "") -> Outcome:
        """Run `mldeploy` with these arguments in this process, with the folder as the current one.

        Call it from the main thread: a run handles Ctrl-C.
        """
        stdout, stderr = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            _standard_input(stdin),
        ):
            exit_code = main(arguments)
        return Outcome(exit_code=exit_code, stdout=stdout.getvalue(), stderr=stderr.getvalue())

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `mldeploy` as a process of its own, without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "mldeploy", *arguments],
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run_process(
        self, *arguments: str, environment: Mapping[str, str] | None = None, seconds: float = SECONDS
    ) -> Outcome:
        """Run `mldeploy` as a process of its own; it is killed after this many seconds."""
        with self.start(*arguments, environment=environment) as process:
            try:
                stdout, stderr = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Outcome(exit_code=process.returncode, stdout=stdout, stderr=stderr)


@contextlib.contextmanager
def _standard_input(text: str) -> Iterator[None]:
    """Put a text in the place of stdin for the block; it is no terminal."""
    earlier, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = earlier
