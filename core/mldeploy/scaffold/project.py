"""Write a new project: everything or nothing, and never over somebody's files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.errors import Problem, RefusedError, ReleaseError
from mldeploy.pipelines import LOCAL, PROMOTION
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.release import load_release, raise_for
from mldeploy.scaffold.questions import Question, nested
from mldeploy.schema import base_schema

if TYPE_CHECKING:
    from mldeploy.model import JSON

PRODUCTION = "prod"


def release_document(
    name: str, compute_type: str, environment: str, answers: Mapping[str, JSON], questions: Iterable[Question]
) -> dict[str, JSON]:
    """Return the part of release.yaml that comes from answers.

    Every environment of the promotion gets an overlay with its own defaults (production: more instances) wherever the
    answer is lower, and the answers that are only for some environments.
    """
    asked = [question for question in questions if question.key in answers]
    stages = [stage for stage in dict.fromkeys((*PROMOTION, environment)) if stage != LOCAL]
    environments = {stage: nested(_overlay(stage, answers, asked)) for stage in stages}
    confined = {question.key for question in asked if question.environments}
    everywhere = {key: answer for key, answer in answers.items() if key not in confined}
    return {"name": name, "type": compute_type, **nested(everywhere), "environments": environments}


def _overlay(stage: str, answers: Mapping[str, JSON], asked: Sequence[Question]) -> dict[str, JSON]:
    defaults = {question.key: question.by_environment.get(stage) for question in asked if not question.environments}
    raised = {key: default for key, default in defaults.items() if _lower(answers[key], default)}
    confined = {question.key: answers[question.key] for question in asked if stage in question.environments}
    return {**raised, **_gateway(stage, confined), **confined}


def _gateway(stage: str, answers: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the choice of a stage's usual gateway, where one of its own keys was answered."""
    usual = base_schema()["properties"]["expose"]["properties"]["gateway"]["x-environments"].get(stage)
    return {"expose.gateway": usual} if any(key.startswith(f"{usual}.") for key in answers) else {}


def _lower(answer: JSON, production: JSON) -> bool:
    return isinstance(answer, int) and isinstance(production, int) and answer < production


def check_target(target: Path, *, force: bool) -> None:
    """Accept a folder that does not exist or is empty; with `force` any folder.

    Raises:
        RefusedError: there is something.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        message = f"{target} exists and is not a folder"
        raise RefusedError(message, hint="choose another place with --directory")
    if target.is_dir() and any(target.iterdir()) and not force:
        message = f"the folder {target} is not empty"
        raise RefusedError(message, hint="choose another place with --directory, or add --force to write into it")


def write_project(files: Iterable[tuple[str, bytes]], target: Path, environments: Iterable[str]) -> list[str]:
    """Write all files beside the target, check the release in it, then move them into place.

    Returns: the existing files that were replaced (only `force` lets it come to that).

    Raises:
        ReleaseError: the answers do not go together; nothing was written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        project = staging / target.name
        for relative, content in files:
            path = project / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        check_release(project, environments)
        return _move(project, target)
    finally:
        shutil.rmtree(staging)


def check_release(project: Path, environments: Iterable[str]) -> None:
    """Load the new release.yaml as every other command will, rules between keys included.

    Raises:
        ReleaseError: with the problems, which name keys rather than places in a file that will not exist.
    """
    for env in environments:
        try:
            _load(project, env)
        except ReleaseError as error:
            message = f"these answers do not go together in environment '{env}'; nothing was written"
            refused = ReleaseError(message, hint="change the answers; `mldeploy init --help` lists the flags")
            errors = (problem for problem in error.problems if problem.severity == "error")
            refused.details = tuple(f"{problem.message} ({problem.hint})" for problem in errors)
            raise refused from error


def _load(project: Path, env: str) -> None:
    plugins = Plugins()

    def load(names: Iterable[str], root: Path) -> Plugins:
        nonlocal plugins
        plugins = load_plugins(names, root)
        return plugins

    release = load_release(project / "release.yaml", env, load)
    found = plugins.describe(release, complete=False)
    raise_for([item for item in found if isinstance(item, Problem)], release, complete=False)


def _move(project: Path, target: Path) -> list[str]:
    if not target.exists():
        project.rename(target)
        return []
    replaced = []
    for source in sorted(path for path in project.rglob("*") if path.is_file()):
        relative = source.relative_to(project)
        destination = target / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.exists():
            replaced.append(relative.as_posix())
        source.replace(destination)
    return replaced
