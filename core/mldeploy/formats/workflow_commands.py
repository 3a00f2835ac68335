"""GitHub's workflow commands: the lines that a runner takes out of a log and acts upon.

Source: docs.github.com, "Workflow commands for GitHub Actions"; what is read as a command: actions/runner,
src/Runner.Common/ActionCommand.cs. A runner shows ten annotations of a kind per step.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mldeploy.formats.places import path_in_repository

if TYPE_CHECKING:
    from mldeploy.errors import MldeployError, Problem

MOST_ANNOTATIONS = 9
"""Per kind; the tenth says how many more there are."""
ANNOTATIONS = {"error": "error", "warning": "warning", "note": "notice", "incomplete": "warning"}
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**DATA, ":": "%3A", ",": "%2C"}


def command(name: str, data: str = "", **properties: object) -> str:
    """Return one command as a line without its end; properties that are empty are left out."""
    given = ",".join(f"{key}={_escaped(str(value), PROPERTY)}" for key, value in properties.items() if value)
    return f"::{name}{f' {given}' if given else ''}::{_escaped(data, DATA)}"


def annotation_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield a line per problem that annotates its place in the pull request, at most ten per kind."""
    by_kind: dict[str, list[Problem]] = {}
    for problem in problems:
        by_kind.setdefault(ANNOTATIONS[problem.severity], []).append(problem)
    for kind, found in by_kind.items():
        yield from (_annotation(kind, problem) for problem in found[:MOST_ANNOTATIONS])
        if len(found) > MOST_ANNOTATIONS:
            yield command(kind, f"and {len(found) - MOST_ANNOTATIONS} more, see the log", title="mldeploy")


def error_annotation(error: MldeployError) -> str:
    """Return the line that shows what a command failed with on the page of the run."""
    text = f"{error.message}\ntry: {error.hint}" if error.hint else error.message
    return command("error", text, title="mldeploy")


def masks(values: Iterable[str]) -> Iterator[str]:
    """Yield the lines that hide secrets from the log from here on; each line of a value is hidden by itself."""
    for value in values:
        yield from (command("add-mask", line) for line in value.splitlines() if line.strip())


def harmless(text: str) -> str:
    """Return a text as a log may show it: what looks like a command in it is not acted upon.

    A runner finds `##[command]` anywhere in a line, and `::command::` where a line begins.
    """
    if "##[" not in text and not any(line.lstrip().startswith("::") for line in text.splitlines()):
        return text
    token = secrets.token_hex(16)
    return f"{command('stop-commands', token)}\n{text}\n{command(token)}"


def _annotation(kind: str, problem: Problem) -> str:
    text = f"{problem.message}\ntry: {problem.hint}" if problem.hint else problem.message
    place = problem.position
    if place is None:
        return command(kind, text, title="mldeploy")
    return command(kind, text, file=path_in_repository(place.file), line=place.line, col=place.column, title="mldeploy")


def _escaped(text: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in text)
