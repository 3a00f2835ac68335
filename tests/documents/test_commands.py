"""Command lines in the pages are ones that mldeploy understands: its commands, its options, the right values."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from mldeploy.cli.entry import root
from tests.documents.pages import CHECKOUT, Code, Page, user_pages

SHELL = {"", "bash", "console", "sh", "shell"}
ENDS = {"|", "||", "&&", "&", ";", ">", ">>", "<", ")", "2>"}
PAGES = [*user_pages(), Page(CHECKOUT / "service_template/README.md.jinja")]


def commands(code: Code) -> list[list[str]]:
    """The arguments of every call of mldeploy in a piece of shell code."""
    text = re.sub(r"{{.*?}}", "dev", code.text).replace("\\\n", " ")
    return [found for line in text.splitlines() if "mldeploy " in line for found in calls(line)]


def calls(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = iter([*lexer, ";"])
    found = []
    for word in words:
        if word.rpartition("/")[2] == "mldeploy":
            arguments = []
            while (argument := next(words)) not in ENDS:
                arguments.append(argument)
            found.append(arguments)
    return found


def complaint(arguments: list[str], *, whole: bool = True) -> str:
    """Parse a command line without running it; empty when it is right.

    In a sentence, where it is not `whole`, values may be left out: "`plan --out` writes a file".
    """
    name: str | None = "mldeploy"
    command: click.Command | None = root
    context, rest = None, list(arguments)
    try:
        while isinstance(command, click.Group):
            context = click.Context(command, context, name, **command.context_settings)
            _, rest, _ = command.make_parser(context).parse_args(rest)
            if not rest:  # --version, or the help of a group
                return ""
            name, command, rest = command.resolve_command(context, rest)
        command.make_context(name, rest, context)
    except click.exceptions.Exit:  # --help
        return ""
    except (click.MissingParameter, click.BadOptionUsage) as error:
        return error.format_message() if whole else ""
    except click.UsageError as error:
        return error.format_message()
    return ""


CODES = [
    code
    for page in PAGES
    for code in page.codes()
    if code.language in SHELL and (not code.inline or code.text.startswith("mldeploy ")) and commands(code)
]


@pytest.mark.parametrize("code", CODES, ids=str)
def test_command_lines_parse(code: Code) -> None:
    found = {" ".join(found): complaint(found, whole=not code.inline) for found in commands(code)}
    assert {command: why for command, why in found.items() if why} == {}


def test_wrong_command_lines_are_noticed() -> None:
    assert "No such command" in complaint(["deploy"])
    assert "No such option" in complaint(["run", "--enviroment", "dev"])
    assert "is not one of" in complaint(["run", "--phase", "test"])
    assert "requires an argument" in complaint(["run", "--env"])
    assert complaint(["run", "--env"], whole=False) == ""
    assert "No such option" in complaint(["run", "--enviroment"], whole=False)
    assert calls("cd x && mldeploy creds | curl -H @- # mldeploy") == [["creds"]]
