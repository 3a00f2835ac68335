"""Start what was built, send it the requests of the release, and compare its answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy import DeployError, Step
from mldeploy.doors import Answer
from mldeploy.errors import MldeployError
from mldeploy.model import JSON
from mldeploy_checks.requests import difference
from mldeploy_container.context_files import copy_context
from mldeploy_container.python_environments import bytecode_settings, python_of
from mldeploy_contract.example import example_of
from mldeploy_contract.exchange import NoAnswerError
from mldeploy_contract.limits import Limits
from mldeploy_contract.model_folder import ModelFolder
from mldeploy_contract.startup import Cause
from mldeploy_contract.targets.engines import available_engine
from mldeploy_contract.targets.image import BuildahTarget, ImageTarget
from mldeploy_contract.targets.process import ProcessTarget
from mldeploy_contract.trial import Conditions, Trial
from mldeploy_sandbox.processes import Processes

if TYPE_CHECKING:
    from mldeploy_contract.targets.target import Target

HINT = "nothing was deployed, and what serves goes on; `mldeploy contract` looks closer"


def perform(step: Step, root: Path) -> int:
    """Send every request as often as there are rounds; return how many answers were right.

    Arguments:
        step: see `RehearsalDriver`.
        root: the project's folder.

    Raises:
        DeployError: the service does not come up, or an answer is not the expected one.
    """
    requests = list(enumerate(step.spec["Requests"], start=1))
    rounds = range(1, step.spec["Rounds"] + 1)
    with _trial(step, root) as trial:
        start = trial.begin()
        if start.cause is not Cause.HEALTHY:
            last = f" (it got {start.last})" if start.last else ""
            message = f"the release does not come up on this machine: {start.cause.value}{last}"
            raise DeployError(message, hint=HINT, details=start.output or tuple(trial.running.output))
        for attempt, number, request in ((n, number, request) for n in rounds for number, request in requests):
            wrong = _wrong(trial, request)
            if wrong:
                message = f"request {number} gets a wrong answer in round {attempt} of the rehearsal: {wrong}"
                raise DeployError(message, hint=HINT, details=tuple(trial.running.output))
    return len(requests) * len(rounds)


def _wrong(trial: Trial, request: Mapping[str, JSON]) -> str:
    """Return what is wrong with the answer to a request; nothing when it is right."""
    example = example_of(request)
    try:
        found = trial.invoke(example.body, example.headers)
    except NoAnswerError as error:
        return f"no answer: {error}"
    answer = Answer(status=found.status, headers=found.headers, body=found.body, seconds=found.seconds)
    return difference(answer, request.get("expect", {}))


@contextmanager
def _trial(step: Step, root: Path) -> Iterator[Trial]:
    with closing(Processes()) as processes, tempfile.TemporaryDirectory(prefix="mldeploy-rehearsal-") as name:
        folder = Path(name)
        model = ModelFolder(root / step.spec["Model"], folder / "model")
        limits = replace(Limits(), startup=step.settings["StartSeconds"])
        conditions = Conditions(limits=limits, environment=step.spec["Variables"])
        with closing(Trial(_target(step, processes, root, folder / "app"), model, conditions)) as trial:
            yield trial


def _target(step: Step, processes: Processes, root: Path, folder: Path) -> Target:
    return _process(step, processes, root, folder) if "Environment" in step.spec else _image(step, processes)


def _process(step: Step, processes: Processes, root: Path, folder: Path) -> Target:
    """Return the files of a process image in a folder of their own, with the environment that was made for them."""
    copy_context(root, folder)
    environment = step.spec["Environment"]
    command = [python_of(environment), "-m", "service"]
    return ProcessTarget(processes, command, folder, bytecode_settings(environment))


def _image(step: Step, processes: Processes) -> Target:
    """Return the image as the engine keeps it that built it.

    Raises:
        DeployError: it was built on another machine, or no engine answers.
    """
    image = f"{step.spec['RepositoryUri']}:{step.spec['Image'].rpartition('-')[2]}"
    try:
        engine = available_engine(None)
        return BuildahTarget(processes, image) if engine == "buildah" else ImageTarget(processes, engine, image)
    except MldeployError as error:
        message = f"the image cannot be rehearsed on this machine: {error.message}"
        raise DeployError(message, hint="run the build phase here, or pull the image first") from error
