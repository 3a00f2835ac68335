"""`mldeploy contract`: would SageMaker be content with this service?"""

from __future__ import annotations

from pathlib import Path

import click

from mldeploy.cli.options import environment, output_format


@click.command()
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--image", help="Run this image instead of a command.")
@click.option("--engine", type=click.Choice(["docker", "podman", "buildah"]), help="By default the first that answers.")
@click.option(
    "--model-dir",
    type=click.Path(path_type=Path),
    help="Takes the place of /opt/ml/model; a read-only copy is used.",
)
@click.option(
    "--body",
    type=click.Path(path_type=Path),
    help="A file with a request that the service should answer.",
)
@click.option("--content-type", default="application/json", show_default=True, help="The media type of --body.")
@click.option(
    "--startup-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long the first 200 may take; by default what release.yaml says, else 480.",
)
@click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set an environment variable, as `Environment` of CreateModel does; may be repeated.",
)
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Callers at once.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where the command listens; by default it is given a port.")
@click.option("--ignore", default="", metavar="RULES", help="Rules to leave out, such as SM303,SM402.")
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0.01, max=10),
    default=1.0,
    show_default=True,
    help="Multiplies SageMaker's times, for a rehearsal in less time.",
)
@environment
@output_format("plain", "json", "github", "junit")
def contract(
    *,
    command: tuple[str, ...],
    image: str | None,
    engine: str | None,
    model_dir: Path | None,
    body: Path | None,
    content_type: str,
    startup_timeout: float | None,
    variables: tuple[str, ...],
    concurrency: int,
    port: int | None,
    ignore: str,
    time_scale: float,
    file: Path,
    env: str,
    output: str,
) -> int:
    """Run a service as SageMaker does, and judge it rule by rule.

    \b
    mldeploy contract                                        the service of this project
    mldeploy contract --body request.json -- python app.py   any command
    mldeploy contract --image sentiment:latest               an image, where an engine answers

    The service is started with the argument `serve`, asked for /ping from the first moment on, called with good,
    broken, large and many requests, and stopped by TERM with requests under way. Exit code 6 when a rule is broken.
    """
    from mldeploy_contract.command import Wish, run  # noqa: PLC0415 - `--help` should load nothing

    wish = Wish(
        command=command,
        image=image,
        engine=engine,
        model_dir=model_dir,
        body=body,
        content_type=content_type,
        startup_timeout=startup_timeout,
        variables=variables,
        concurrency=concurrency,
        port=port,
        ignored=frozenset(filter(None, (rule.strip() for rule in ignore.split(",")))),
        time_scale=time_scale,
        file=file,
        env=env,
    )
    return run(wish, output)
