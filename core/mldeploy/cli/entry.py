"""The root command, and the one place where exceptions become exit codes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from mldeploy import __version__
from mldeploy.cli.commands import Commands
from mldeploy.cli.options import requested_format
from mldeploy.errors import ExitCode, MldeployError, UsageError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="mldeploy %(version)s")
@click.option("--debug", is_flag=True, envvar="MLDEPLOY_DEBUG", help="Show the traceback of an error.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colour the output; NO_COLOR and FORCE_COLOR are honoured.",
)
@click.pass_context
def root(ctx: click.Context, *, debug: bool, color: str) -> None:
    """From a model folder to an authenticated, cached, autoscaled endpoint with one release.yaml.

    \b
    mldeploy init sentiment      write a service, tests, pipelines, release.yaml
    mldeploy run                 deploy it on this machine, environment `local`
    mldeploy plan --env dev      show what would change
    """
    from mldeploy.cli.terminal import colour_for

    ctx.obj = {"debug": debug}
    ctx.color = colour_for(color)


def run_command(arguments: Sequence[str]) -> int:
    """Run a command and turn whatever it raises into text on stderr and an exit code."""
    debug = "--debug" in arguments or bool(os.environ.get("MLDEPLOY_DEBUG"))
    output = requested_format(arguments)
    try:
        result = root.main(args=_global_first(arguments), prog_name="mldeploy", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        if output in {"json", "github"}:
            _show(UsageError(error.format_message()), output)
        else:
            error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return int(ExitCode.PENDING)
    except MldeployError as error:
        if debug:
            _print_traceback()
        _show(error, output)
        return int(error.exit_code)
    except Exception as error:  # the last line of defence: a bug of ours
        if debug:
            _print_traceback()
        hint = "this is a bug in mldeploy; run again with --debug and report the traceback"
        _show(MldeployError(f"unexpected {type(error).__name__}: {error}", hint=hint), output)
        return int(ExitCode.UNEXPECTED)
    return result if isinstance(result, int) else 0


def _print_traceback() -> None:
    import traceback  # 3 ms that only --debug needs

    traceback.print_exc()


def _show(error: MldeployError, output: str) -> None:
    from mldeploy.cli.failure import show_error

    show_error(error, output)


def _global_first(arguments: Sequence[str]) -> list[str]:
    """Let `--debug` and `--color` stand behind the command as well as before it."""
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument == "--debug" or argument.startswith("--color="):
            front.append(argument)
        elif argument == "--color":
            front += [argument, *[value for value in [next(remaining, None)] if value is not None]]
        else:
            rest.append(argument)
    return front + rest
