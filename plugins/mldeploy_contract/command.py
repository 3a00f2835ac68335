"""From the options of `mldeploy contract` to a target, its conditions and an exit code."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.errors import ExitCode, UsageError
from mldeploy_contract.example import GUESS, Example
from mldeploy_contract.limits import Limits
from mldeploy_contract.report import report_for
from mldeploy_contract.rules import all_rules

if TYPE_CHECKING:
    from mldeploy_contract.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for; see `mldeploy contract --help`."""

    command: tuple[str, ...]
    image: str | None
    engine: str | None
    model_dir: Path | None
    body: Path | None
    content_type: str
    startup_timeout: float | None
    variables: tuple[str, ...]
    concurrency: int
    port: int | None
    ignored: frozenset[str]
    time_scale: float
    file: Path
    env: str


def run(wish: Wish, output: str) -> int:
    """Examine what is wished and report in a format; return the exit code.

    Raises:
        UsageError: the options do not fit together, or the target cannot be started.
        ReleaseError, DeployError: the project cannot be built.
    """
    _refuse_nonsense(wish)
    try:
        from mldeploy_contract.examination import examine  # noqa: PLC0415 - these need the extra `sandbox`
        from mldeploy_contract.selection import selected_target  # noqa: PLC0415
        from mldeploy_contract.trial import Conditions  # noqa: PLC0415
        from mldeploy_sandbox.processes import Processes  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = f"`mldeploy contract` needs the package {error.name}"
        raise UsageError(message, hint="pip install 'mldeploy[sandbox]'") from error
    project = _project(wish)
    conditions = Conditions(
        limits=_limits(wish, project),
        example=_example(wish, project),
        concurrency=wish.concurrency,
        environment=dict(map(_variable, wish.variables)),
        time_scale=wish.time_scale,
    )
    with closing(Processes()) as processes, selected_target(wish, processes) as (target, model):
        report = report_for(output, target.title, conditions)
        examination = examine(target, conditions, model=model, ignored=wish.ignored, tell=report.tell)
    report.finish(examination)
    return int(ExitCode.VERIFY_FAILED if examination.broken else ExitCode.DONE)


def _refuse_nonsense(wish: Wish) -> None:
    known = {rule.id for rule in all_rules()}
    if unknown := sorted(wish.ignored - known):
        message = f"--ignore names no rule: {', '.join(unknown)}"
        raise UsageError(message, hint=f"the rules are {', '.join(sorted(known))}")
    if wish.command and wish.image:
        message = "a command and --image exclude each other"
        raise UsageError(message, hint="an image runs its own ENTRYPOINT with the argument `serve`")
    if wish.engine and not wish.image:
        message = "--engine needs --image"
        raise UsageError(message, hint="name the image that the engine should run")
    if wish.model_dir is not None and not wish.model_dir.is_dir():
        message = f"--model-dir {wish.model_dir} is no folder"
        raise UsageError(message, hint="name the folder whose content SageMaker would put into /opt/ml/model")
    if not (wish.command or wish.image or wish.file.exists()):
        message = f"there is no {wish.file}, and neither a command nor an image is named"
        hint = "run this in a project, or name what to run: `mldeploy contract -- COMMAND` or `--image IMAGE`"
        raise UsageError(message, hint=hint)


def _project(wish: Wish) -> Project | None:
    """Return what the release file says; a command or image may be examined without one."""
    if not wish.file.exists():
        return None
    from mldeploy_contract.project import read_project  # noqa: PLC0415 - PyYAML loads only where a file is read

    return read_project(wish.file, wish.env)


def _limits(wish: Wish, project: Project | None) -> Limits:
    configured = project.startup_seconds if project else None
    startup = wish.startup_timeout or configured or Limits().startup
    return replace(Limits().scaled(wish.time_scale), startup=startup)


def _example(wish: Wish, project: Project | None) -> Example:
    if wish.body is not None:
        return Example(body=_content(wish.body), content_type=wish.content_type)
    return project.example if project else GUESS


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"--body {path} cannot be read: {error.strerror}"
        raise UsageError(message, hint="name a file that holds a request") from error
    if not content:
        message = f"--body {path} is empty"
        raise UsageError(message, hint="name a file that holds a request that the service should answer")
    return content


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        message = f"--variable {text!r} is not of the form NAME=VALUE"
        raise UsageError(message, hint="write `--variable LOG_LEVEL=debug`")
    return name, value
