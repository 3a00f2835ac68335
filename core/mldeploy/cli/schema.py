"""`mldeploy schema`: the JSON Schema of release.yaml, for editors."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--file",
    "-f",
    type=click.Path(path_type=Path),
    default="release.yaml",
    show_default=True,
    help="The release file whose plugins are added; it may be missing or broken.",
)
@click.option("--plugin", "names", multiple=True, metavar="NAME", help="Add the keys of another installed plugin.")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def schema(*, file: Path, names: tuple[str, ...], output: Path | None) -> None:
    """Print the JSON Schema of release.yaml: the keys of the core, of built-in plugins and of those it names.

    A first line `# yaml-language-server: $schema=./release.schema.json` makes editors complete and check.
    """
    from mldeploy.errors import UsageError
    from mldeploy.plugins import load_plugins
    from mldeploy.schema import built_in_plugins, schema_text

    plugins = load_plugins([*built_in_plugins(), *_named_in(file), *names], file.resolve().parent)
    text = schema_text(plugins.schema())
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot write {output}: {error.strerror}"
        raise UsageError(message, hint="name another file with --output") from error
    click.echo(f"wrote {output}", err=True)


def _named_in(file: Path) -> list[str]:
    """Return the installed plugins that a release file names; none when it cannot be read, as while it is edited."""
    from mldeploy.errors import ReleaseError
    from mldeploy.plugin_names import plugin_names
    from mldeploy.plugins import installed
    from mldeploy.release import environments_of
    from mldeploy.yaml.positions import read_document

    try:
        document = read_document(file).value
    except ReleaseError:
        return []
    if not isinstance(document, dict):
        return []
    return [name for env in environments_of(document) for name in plugin_names(document, env, installed())]
