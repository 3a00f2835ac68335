"""Options that several commands share, and the session they open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from mldeploy.planning.planner import Plan

F = TypeVar("F", bound=Callable[..., Any])

PHASES = ("build", "provision", "expose", "verify")
FORMAT = "How to write what is found: for people, programs, a GitHub job, test reports, code scanning."


def environment(function: F) -> F:
    """Add `--env` and `--file`."""
    function = click.option(
        "--file",
        "-f",
        type=click.Path(path_type=Path),
        default="release.yaml",
        show_default=True,
        envvar="MLDEPLOY_FILE",
        help="The release file.",
    )(function)
    return click.option(
        "--env",
        "-e",
        default="local",
        show_default=True,
        envvar="MLDEPLOY_ENV",
        help="The environment; `local` is this machine.",
    )(function)


def gateway(function: F) -> F:
    """Add `--gateway`."""
    return click.option(
        "--gateway", default="", metavar="NAME", help="The gateway in front, in place of expose.gateway in the file."
    )(function)


def as_typed(command: str, env: str, gateway: str) -> str:
    """Return a command as records name it."""
    return f"{command} --env {env}{f' --gateway {gateway}' if gateway else ''}"


def as_json(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")(function)


def output_format(*formats: str) -> Callable[[F], F]:
    """Add `--format` with these choices, and `--json` as its short form; the command gets `output`."""

    def add(function: F) -> F:
        @wraps(function)
        def command(*, output: str, as_json: bool, **values: Any) -> Any:
            return function(output="json" if as_json else output, **values)

        choice = click.Choice(formats)
        described = click.option("--format", "output", type=choice, default=formats[0], show_default=True, help=FORMAT)
        short = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
        return cast("F", described(short(command)))

    return add


def requested_format(arguments: Sequence[str]) -> str:
    """Return the format that a command line asks for, without parsing it: an error is shown in it, too."""
    found = "json" if "--json" in arguments else "plain"
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--format":
            found = following
        elif argument.startswith("--format="):
            found = argument.removeprefix("--format=")
    return found


def consent(function: F) -> F:
    """Add `--yes` and `--no-input`."""
    function = click.option("--no-input", is_flag=True, help="Never ask; take what the flags say.")(function)
    return click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")(function)


def confirmation(question: str, *, yes: bool, no_input: bool, required: bool) -> Callable[[Plan], None]:
    """Return a function that shows a plan's changes and asks.

    Arguments:
        required: without a terminal and without `--yes`, refuse instead of going on.
    """

    def confirm(plan: Plan) -> None:
        from mldeploy.cli.terminal import is_interactive
        from mldeploy.errors import RefusedError
        from mldeploy.planning.plan_text import plan_text

        if yes or not plan.mutations:
            return
        if is_interactive(no_input=no_input):
            click.echo(plan_text(plan), err=True)
            if not click.confirm(question, err=True):
                message = "not confirmed; nothing was changed"
                raise RefusedError(message)
        elif required:
            message = "this needs a confirmation and nobody can be asked here"
            raise RefusedError(message, hint="add --yes")

    return confirm
