"""Every failure a user can meet: one class, one exit code, and a message of what, why and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class ExitCode(IntEnum):
    """Process exit codes, documented in docs/reference/exit-codes.md."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    RELEASE_INVALID = 3
    REFUSED = 4
    DEPLOY_FAILED = 5
    VERIFY_FAILED = 6
    ROLLBACK_INCOMPLETE = 7
    PENDING = 8
    CREDENTIALS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding about release.yaml.

    `path` holds the keys that lead to the value, e.g. `("instance", "type")`; the loader turns it into a position.
    `hint` says what to try. A warning is shown and does not stop anything, and a note tells what is good to know, such
    as a cost. `incomplete` means that release.yaml is right and the project lacks something: a warning for `validate`,
    an error before anything is planned or changed.
    """

    message: str
    path: tuple[str | int, ...] = ()
    hint: str = ""
    severity: Literal["error", "warning", "note", "incomplete"] = "error"
    position: Position | None = None


class MldeployError(Exception):
    """Base of all expected failures; shown without a traceback.

    `details` are further lines, such as the last log lines of a container.
    """

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, message: str, *, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(MldeployError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class ReleaseError(MldeployError):
    """release.yaml cannot be used; `problems` says where and why."""

    exit_code = ExitCode.RELEASE_INVALID

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class RefusedError(MldeployError):
    """We could go on but must not: a lock, a foreign resource, a missing consent."""

    exit_code = ExitCode.REFUSED


class DeployError(MldeployError):
    """A step failed; what ran before it stays and the next run resumes."""

    exit_code = ExitCode.DEPLOY_FAILED


class VerifyError(MldeployError):
    """The deployed release does not behave; it was rolled back where there was something to go back to."""

    exit_code = ExitCode.VERIFY_FAILED


class RollbackError(MldeployError):
    """The way back failed too; the environment needs a person."""

    exit_code = ExitCode.ROLLBACK_INCOMPLETE


class PendingError(MldeployError):
    """A deadline passed or the run was interrupted; running again finishes the work."""

    exit_code = ExitCode.PENDING


class CredentialsError(MldeployError):
    """Credentials are missing, expired or not allowed in."""

    exit_code = ExitCode.CREDENTIALS


class PluginError(UsageError):
    """A plugin cannot be loaded or breaks its contract; the message names it."""
