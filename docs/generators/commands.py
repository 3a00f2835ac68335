"""docs/reference/cli.md: every command with its help, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from generators.markdown import block, code, page, table

from mldeploy.cli.entry import root

PROGRAM = "mldeploy"
INTRODUCTION = """\
Global options stand before or behind the command, and every command has `--help`. Data goes to stdout, everything else
to stderr. Every command ends with one of the [exit codes](exit-codes.md)."""


def commands_page() -> str:
    """Return the page."""
    context = _context(root, PROGRAM, None)
    return page("# Command line", INTRODUCTION, *(part for part in _sections(root, context, 2)))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    """Return the context of a command, made by the command itself: `init` adds its flags there."""
    return command.make_context(name, [], parent, resilient_parsing=True)


def _sections(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield from _section(command, context, level)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _sections(inner, _context(inner, name, context), level + 1)


def _section(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}"
    yield from _help(command)
    yield block(f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}", "text")
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    rows = [row for option in options if (row := _row(option, context))]
    if rows:
        yield table(("option", "what it does", "variable"), rows)


def _help(command: click.Command) -> Iterator[str]:
    r"""Yield the paragraphs of a help text; one that starts with `\b` keeps its lines."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield block(inspect.cleandoc(paragraph.removeprefix("\b")), "text")
        else:
            yield paragraph


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str] | None:
    record = option.get_help_record(context)
    if record is None or ("--help" in option.opts and context.parent):
        return None
    variable = code(option.envvar) if isinstance(option.envvar, str) else ""
    return code(record[0]), record[1], variable
