"""`mldeploy ci`: what a pipeline and its author need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import output_format
from mldeploy_ci.auth_cli import auth
from mldeploy_ci.github.command import github_action
from mldeploy_ci.pipelines.cli import write

if TYPE_CHECKING:
    from mldeploy_ci.definitions import Definitions


@click.group()
def ci() -> None:
    """Write, pack and lint pipelines; log a job in to its clouds."""


ci.add_command(auth)
ci.add_command(write)
ci.add_command(github_action)


@ci.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--check", is_flag=True, help="Write nothing; fail when the output is not what would be written.")
def pack(*, folder: Path, output: Path | None, check: bool) -> None:
    """Pack the sources of an orb, the FOLDER that holds @orb.yml, into one file.

    What CircleCI's two packers would pack differently is refused, so that all three agree.
    """
    from mldeploy.errors import ReleaseError, UsageError  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy_ci.orb_writing import orb_text  # noqa: PLC0415
    from mldeploy_ci.packing import pack as pack_folder  # noqa: PLC0415

    if check and output is None:
        message = "--check needs --output, the file to compare with"
        raise UsageError(message)
    text = orb_text(pack_folder(folder).value)
    if output is None:
        click.echo(text, nl=False)
    elif check:
        if not output.is_file() or output.read_bytes() != text.encode():
            message = f"{output} is not what {folder} packs to"
            raise ReleaseError(message, hint=f"run `mldeploy ci pack {folder} --output {output}`")
    else:
        output.write_bytes(text.encode())
        click.echo(f"wrote {output}", err=True)


@ci.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--schema", envvar="MLDEPLOY_CIRCLECI_SCHEMA", type=click.Path(path_type=Path), help="CircleCI's schema.")
@click.option("--orb", "orbs", multiple=True, metavar="NAME=PATH", help="Check calls of this imported orb, too.")
@click.option("--exclude", default="", metavar="RULES", help="Rules to leave out, such as RC006,RC007.")
@click.option("--release", envvar="CIRCLE_TAG", metavar="TAG", help="The tag about to be released, for RC011.")
@output_format("plain", "json", "github", "junit", "sarif")
def lint(
    *,
    paths: tuple[Path, ...],
    schema: Path | None,
    orbs: tuple[str, ...],
    exclude: str,
    release: str | None,
    output: str,
) -> int:
    """Check orbs and configs of CircleCI without a network; a folder is packed first.

    \b
    mldeploy ci lint orb/src .circleci/config.yml --schema schema.json
    mldeploy ci lint .circleci/config.yml --orb mldeploy=orb/orb.yml

    Checks CircleCI's schema (where it is given), references and calls, and the review rules RC001 to RC012. Exit code
    3 when there is an error.
    """
    from mldeploy.errors import ExitCode  # noqa: PLC0415 - see `pack`
    from mldeploy_ci.lint import Rules, lint_path  # noqa: PLC0415
    from mldeploy_ci.lint_output import show_findings  # noqa: PLC0415
    from mldeploy_ci.schema_check import read_schema  # noqa: PLC0415

    rules = Rules(
        schema=read_schema(schema) if schema else None,
        known=dict(_known_orb(text) for text in orbs),
        excluded=frozenset(rule.strip() for rule in exclude.split(",")),
        release=release,
    )
    found = {path: lint_path(path, rules) for path in paths}
    show_findings(found, output, with_schema=rules.schema is not None)
    failed = any(finding.severity == "error" for findings in found.values() for finding in findings)
    return int(ExitCode.RELEASE_INVALID if failed else ExitCode.DONE)


@ci.command()
@click.argument("orb", type=click.Path(path_type=Path))
def reference(*, orb: Path) -> None:
    """Print a reference page of an ORB in Markdown: what it offers, with all parameters."""
    from mldeploy_ci.packing import read_source  # noqa: PLC0415 - see `pack`
    from mldeploy_ci.reference import reference_page  # noqa: PLC0415

    click.echo(reference_page(read_source(orb).value), nl=False)


def _known_orb(text: str) -> tuple[str, Definitions]:
    from mldeploy.errors import UsageError  # noqa: PLC0415 - see `pack`
    from mldeploy_ci.definitions import definitions_of  # noqa: PLC0415
    from mldeploy_ci.packing import read_source  # noqa: PLC0415

    name, equals, path = text.partition("=")
    if not (name and equals and path):
        message = f"--orb {text!r} is not of the form NAME=PATH"
        raise UsageError(message, hint="name the import and the orb's file: mldeploy=orb/orb.yml")
    return name, definitions_of(read_source(Path(path)).value)
