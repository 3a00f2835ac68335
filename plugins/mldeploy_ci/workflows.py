"""Check the workflows of a config: every job is defined, called rightly, and requires jobs that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy.suggestions import suggestion
from mldeploy.wording import quoted
from mldeploy_ci.calls import Call, check_call, check_steps
from mldeploy_ci.definitions import Definitions, items, mapping
from mldeploy_ci.findings import Finding
from mldeploy_ci.values import interpolations

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

WORKFLOW_KEYS = frozenset(
    {
        "context",
        "filters",
        "matrix",
        "max_auto_reruns",
        "name",
        "override-with",
        "post-steps",
        "pre-steps",
        "requires",
        "serial-group",
        "type",
    }
)
"""Keys of a job in a workflow that are no arguments (configuration reference, "jobs in workflows")."""
WITHOUT_A_JOB = frozenset({"approval", "no-op", "release", "lock", "unlock"})
"""Values of `type` that need no definition below `jobs`."""


def check_workflows(value: Mapping[str, JSON], path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    """Yield what is wrong in the workflows and job groups of a config."""
    for section in ("workflows", "job-groups"):
        for name, workflow in mapping(value.get(section)).items():
            yield from _check_jobs(mapping(workflow).get("jobs"), (*path, section, name, "jobs"), scope)


def _check_jobs(jobs: JSON, path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    called = list(_called(jobs, path))
    names = {name for job, settings, _ in called for name in _names(job, settings)}
    has_matrix = any("matrix" in settings for _, settings, _ in called)
    for job, settings, where in called:
        yield from _check_job(job, settings, where, scope)
        for index, required in enumerate(items(settings.get("requires"))):
            name = next(iter(required), "") if isinstance(required, dict) else str(required)
            if name in names or any(interpolations(name)) or has_matrix:
                continue
            message = f"the workflow has no job {quoted(name)}"
            hint = suggestion(name, names, listed="its jobs")
            yield Finding(rule="undefined-requirement", message=message, path=(*where, "requires", index), hint=hint)


def _called(jobs: JSON, path: KeyPath) -> Iterator[tuple[str, Mapping[str, JSON], KeyPath]]:
    for index, job in enumerate(items(jobs)):
        if isinstance(job, str):
            yield job, {}, (*path, index)
        elif isinstance(job, dict) and len(job) == 1:
            ((name, settings),) = job.items()
            yield name, mapping(settings), (*path, index, name)


def _names(job: str, settings: Mapping[str, JSON]) -> Iterator[str]:
    """Yield the names by which others may require a job: its own, or the one that the workflow gives it."""
    yield str(settings.get("name", job))
    alias = mapping(settings.get("matrix")).get("alias")
    if isinstance(alias, str):
        yield alias


def _check_job(job: str, settings: Mapping[str, JSON], path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    if job in scope.groups or settings.get("type") in WITHOUT_A_JOB:
        return
    definition = scope.find("job", job)
    if definition is not None and definition.body.get("type") in WITHOUT_A_JOB:
        return
    declared = definition.parameters if definition else {}
    arguments = {key: value for key, value in settings.items() if key not in WORKFLOW_KEYS or key in declared}
    given = frozenset(mapping(mapping(settings.get("matrix")).get("parameters")))
    yield from check_call(Call(kind="job", name=job, arguments=arguments, path=path, given=given), scope)
    for key in ("pre-steps", "post-steps"):
        yield from check_steps(settings.get(key), (*path, key), scope)
    if definition is not None:
        for name in given - declared.keys():
            message = f"job '{job}' has no parameter {quoted(name)}"
            hint = suggestion(name, declared, listed="its parameters")
            where = (*path, "matrix", "parameters", name)
            yield Finding(rule="unknown-argument", message=message, path=where, hint=hint, about_key=True)
