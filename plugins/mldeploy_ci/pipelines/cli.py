"""`mldeploy ci write`: write the pipelines of a project anew."""

from __future__ import annotations

from pathlib import Path

import click

FOLDERS = {"circleci": ".circleci", "github": ".github"}


@click.command()
@click.option(
    "--file",
    "-f",
    type=click.Path(path_type=Path),
    default="release.yaml",
    show_default=True,
    envvar="MLDEPLOY_FILE",
    help="The release file.",
)
@click.option("--only", type=click.Choice(tuple(FOLDERS)), help="One service; without it, those that the project uses.")
@click.option("--force", is_flag=True, help="Replace pipelines that were changed by hand.")
@click.option("--check", is_flag=True, help="Write nothing; fail when something would be written.")
def write(*, file: Path, only: str | None, force: bool, check: bool) -> int:
    """Write the CircleCI and GitHub pipelines that go through the environments of release.yaml.

    \b
    mldeploy ci write                  after a change of `environments`, or of mldeploy's version
    mldeploy ci write --only github
    """
    from mldeploy.errors import ExitCode  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy_ci.pipelines.writing import compare, pipelines_of, write_files  # noqa: PLC0415

    root = file.resolve().parent
    used = [folder for folder in FOLDERS.values() if (root / folder).is_dir()]
    files = pipelines_of(file, [FOLDERS[only]] if only else used or list(FOLDERS.values()))
    comparison = compare(root, files)
    if check:
        for path in (*comparison.missing, *comparison.different):
            click.echo(f"not current: {path}")
        return int(ExitCode.REFUSED if comparison.missing or comparison.different else ExitCode.DONE)
    for path in write_files(root, files, comparison, force=force):
        click.echo(f"wrote {path}")
    return int(ExitCode.DONE)
