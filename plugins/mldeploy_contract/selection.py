"""Choose what is examined: an image, a command, or the service of a project."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.errors import UsageError
from mldeploy_contract.targets.engines import available_engine
from mldeploy_contract.targets.image import BuildahTarget, ImageTarget
from mldeploy_contract.targets.process import ProcessTarget

if TYPE_CHECKING:
    from mldeploy.events import Event
    from mldeploy_contract.command import Wish
    from mldeploy_contract.targets.target import Target
    from mldeploy_sandbox.processes import Processes


@contextmanager
def selected_target(wish: Wish, processes: Processes) -> Iterator[tuple[Target, Path | None]]:
    """Yield what is examined and its model folder.

    Raises:
        UsageError: there is no such image, or no engine for it.
        ReleaseError, DeployError: the project cannot be built.
    """
    if wish.image:
        yield _image(processes, wish.image, wish), wish.model_dir
    elif wish.command:
        yield ProcessTarget(processes, wish.command, Path.cwd(), fixed_port=wish.port), wish.model_dir
    else:
        from mldeploy_contract.project import build_service  # noqa: PLC0415 - loads drivers and PyYAML

        with tempfile.TemporaryDirectory(prefix="mldeploy-contract-") as folder:
            target, model = build_service(wish.file, wish.env, processes, Path(folder), _say)
            yield target, wish.model_dir or model


def _image(processes: Processes, image: str, wish: Wish) -> Target:
    engine = available_engine(wish.engine)
    if engine == "buildah":
        return BuildahTarget(processes, image, fixed_port=wish.port)
    if wish.port is not None:
        message = f"--port has no meaning for {engine}: the container listens on 8080, as on SageMaker"
        raise UsageError(message, hint="leave --port out")
    return ImageTarget(processes, engine, image)


def _say(event: Event) -> None:
    if event.message:
        click.echo(f"{event.step}: {event.message}", err=True)
