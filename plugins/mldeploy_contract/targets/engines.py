"""Argument lists for container engines. docker and podman take the same ones; buildah runs in chroot isolation."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mldeploy.errors import UsageError
from mldeploy_contract.targets.target import CONTAINER_PORT, MODEL_FOLDER

if TYPE_CHECKING:
    from mldeploy_contract.targets.target import Start

ENGINES = ("docker", "podman", "buildah")
ANSWER_SECONDS = 20


def available_engine(wanted: str | None) -> str:
    """Return the wanted engine, or the first that answers.

    Raises:
        UsageError: none answers.
    """
    candidates = [wanted] if wanted else list(ENGINES)
    for engine in candidates:
        if shutil.which(engine) and _answers(engine):
            return engine
    message = f"no container engine answers (tried {', '.join(candidates)})"
    hint = "start docker or podman, install buildah, or examine a process: `mldeploy contract -- COMMAND`"
    raise UsageError(message, hint=hint)


def run_command(engine: str, name: str, image: str, start: Start) -> list[str]:
    """Return what runs an image in the foreground with docker or podman, on a port of 127.0.0.1."""
    return [
        *(engine, "run", "--rm", "--name", name),
        *("--publish", f"127.0.0.1:{start.port}:{CONTAINER_PORT}"),
        *("--volume", _volume(start)),
        *_variables(start.environment),
        *(image, *start.arguments),
    ]


def buildah_command(name: str, entrypoint: Sequence[str], start: Start) -> list[str]:
    """Return what runs a working container of buildah.

    It shares this machine's network, so that the port is passed on. `buildah run` does not look at the entrypoint
    (buildah-run(1)).
    """
    port = str(start.port)
    variables = {"PORT": port, "SAGEMAKER_BIND_TO_PORT": port, **start.environment}
    return [
        *("buildah", "run", "--isolation", "chroot"),
        *("--volume", _volume(start)),
        *_variables(variables),
        *(name, "--", *entrypoint, *start.arguments),
    ]


def buildah_entrypoint(image: str) -> list[str]:
    """Return the entrypoint of an image in buildah's storage.

    Raises:
        UsageError: there is no such image, or it has no entrypoint to add `serve` to.
    """
    config = json.loads(output_of(["buildah", "inspect", "--type", "image", image], f"buildah finds no image {image}"))
    entrypoint = config["OCIv1"]["config"].get("Entrypoint")
    if not entrypoint:
        message = f"the image {image} has no ENTRYPOINT, so `serve` would be taken for the program"
        raise UsageError(message, hint='add ENTRYPOINT ["program", "argument"] in its exec form to the Dockerfile')
    return list(entrypoint)


def output_of(command: Sequence[str], complaint: str) -> str:
    """Run a short command of an engine and return what it printed.

    Raises:
        UsageError: it failed; the message is `complaint`, the details its last lines.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(complaint, details=tuple(done.stderr.strip().splitlines()[-5:]))
    return done.stdout


def _volume(start: Start) -> str:
    return f"{start.model_folder}:{MODEL_FOLDER}:{'ro' if start.read_only else 'rw'}"


def _variables(environment: Mapping[str, str]) -> list[str]:
    return [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]


def _answers(engine: str) -> bool:
    """Docker's client without its engine can do nothing; `version` asks the engine."""
    try:
        done = subprocess.run([engine, "version"], capture_output=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
