"""The service of a generated project as a target: its own environment, its own model, the files of its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy import Context, Release, Step
from mldeploy.errors import UsageError
from mldeploy.events import Event, unseen
from mldeploy.observer import World
from mldeploy.session import Session
from mldeploy_container import mldeploy_drivers
from mldeploy_container.context_files import copy_context
from mldeploy_container.python_environments import bytecode_settings, python_of
from mldeploy_contract.example import GUESS, Example, example_of
from mldeploy_contract.targets.process import ProcessTarget

if TYPE_CHECKING:
    from mldeploy_sandbox.processes import Processes

ENVIRONMENT = "mldeploy::PythonEnvironment"
SAGEMAKER_MODEL = "AWS::SageMaker::Model"
MODELS = ("mldeploy::TrainedModel", "mldeploy::ModelFolder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a release says about its service.

    - `example`: the first request of `verify`.
    - `startup_seconds`: how long it may start; None where nothing is said.
    """

    release: Release
    example: Example
    startup_seconds: float | None


def read_project(file: Path, env: str) -> Project:
    """Read what release.yaml says.

    Raises:
        ReleaseError, PluginError: it cannot be used.
    """
    release = Session(file, env, unseen).load()
    requests = release.value("verify.requests") or ()
    return Project(
        release=release,
        example=example_of(requests[0]) if requests else GUESS,
        startup_seconds=release.value("deployment.healthCheckTimeoutSeconds"),
    )


def build_service(
    file: Path, env: str, processes: Processes, folder: Path, emit: Callable[[Event], None]
) -> tuple[ProcessTarget, Path]:
    """Make what is missing of the environment and the model; return the service and its model folder.

    Arguments:
        folder: where the files of the image are copied to, so that nothing else is at hand.

    Raises:
        ReleaseError, DeployError: the project lacks something, or the build fails.
        UsageError: the model is not on this machine.
    """
    session = Session(file, env, emit)
    release = session.load()
    steps = {step.kind: step for step in reversed(session.describe(release))}
    model = next((steps[kind] for kind in MODELS if kind in steps), None)
    if model is None:
        message = f"the model of this release is {release.value('model.source')}, which is not on this machine"
        raise UsageError(message, hint="download it and name its folder with --model-dir, behind `-- COMMAND`")
    context = _context(release, emit)
    world = World(drivers=mldeploy_drivers(context))
    environment = _made(world, steps[ENVIRONMENT], emit)
    model_path = Path(_made(world, model, emit))
    copy_context(context.root, folder)
    variables = {**bytecode_settings(environment), **_container_environment(world, steps)}
    command = [python_of(environment), "-m", "service"]
    title = f"python -m service of {release.name}"
    return ProcessTarget(processes, command, folder, variables, title=title), model_path


def _container_environment(world: World, steps: Mapping[str, Step]) -> dict[str, str]:
    """Return the variables that SageMaker would set, as far as they are known without a cloud."""
    if SAGEMAKER_MODEL not in steps:
        return {}
    container = world.resolve(steps[SAGEMAKER_MODEL]).spec["PrimaryContainer"]
    return {name: value for name, value in container.get("Environment", {}).items() if isinstance(value, str)}


def _made(world: World, step: Step, emit: Callable[[Event], None]) -> str:
    """Return the path of a step's result, which is made if it is not there."""
    resolved = world.resolve(step)
    observed = world.driver(step).read(resolved)
    if observed is None:
        emit(Event(step=step.id, state="started", message="being prepared"))
    world.outputs[step.id] = observed.outputs if observed else world.driver(step).apply(resolved, None)
    return str(world.outputs[step.id]["Path"])


def _context(release: Release, emit: Callable[[Event], None]) -> Context:
    return Context(
        name=release.name,
        env=release.env,
        root=release.root.resolve(),
        config=release.config,
        tags=release.tags,
        find_provider=lambda _kind, _context: None,
        emit=emit,
    )
