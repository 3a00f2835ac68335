"""The subcommands: ours by file name with the line that `--help` prints, and those that plugins declare."""

from __future__ import annotations

import importlib

import click

from mldeploy.entry_points import declared

COMMANDS = {
    "config": "Print release.yaml merged for one environment.",
    "creds": "Print the credential headers, for `curl -H @-`.",
    "destroy": "Delete everything that was deployed here.",
    "diagnose": "Say why what was deployed last fails or hangs.",
    "doctor": "Check Python, tools, plugins and release.yaml.",
    "init": "Make a project: service, tests, pipelines, release.yaml.",
    "invoke": "Send one request through the gateway, with credentials.",
    "logs": "Print the log lines of all layers, by time.",
    "plan": "Show what `mldeploy run` would change; touch nothing.",
    "plugins": "List the installed plugins, their hooks and versions.",
    "rollback": "Bring an earlier release back, all layers together.",
    "run": "Deploy: build → provision → expose → verify.",
    "schema": "Print the JSON Schema of release.yaml.",
    "status": "Compare the recorded release with the world.",
    "unlock": "Show who holds the lock, and take it away.",
    "update": "Merge what is new in the service template.",
    "validate": "Check release files for one environment.",
}
"""Command → what it does, in one line of a terminal: `--help` imports none of them."""
PLUGIN_COMMANDS = "mldeploy.commands"


class Commands(click.Group):
    """The commands above, then those that plugins declare; each is imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*super().list_commands(ctx), *COMMANDS, *declared(PLUGIN_COMMANDS)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name in COMMANDS:
            found = getattr(importlib.import_module(f"mldeploy.cli.{cmd_name}"), cmd_name)
        elif cmd_name in declared(PLUGIN_COMMANDS):
            found = declared(PLUGIN_COMMANDS)[cmd_name].load()
        else:
            return super().get_command(ctx, cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of `--help`; only the commands of plugins are imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)])

    def _short_help(self, ctx: click.Context, name: str) -> str:
        if name in COMMANDS:
            return COMMANDS[name]
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=60) if command else ""
