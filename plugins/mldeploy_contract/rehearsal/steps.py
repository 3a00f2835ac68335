"""A rehearsal as a step: between what was built and the endpoint that waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_container.context_files import PROCESS
from mldeploy_container.pinned_steps import ELSEWHERE


def describe(release: Release) -> Iterator[Step | Problem]:
    """Yield the rehearsal, or why there cannot be one."""
    if release.value("rehearsal") is None:
        return
    found = list(_problems(release))
    yield from found
    if not found:
        yield _rehearsal(release)


def _problems(release: Release) -> Iterator[Problem]:
    place = ("rehearsal",)
    if not release.value("verify.requests"):
        hint = "name a request, and what its answer has to be, under verify.requests"
        yield Problem(message="there is nothing to rehearse: verify has no requests", path=place, hint=hint)
    if release.value("type") != "sagemaker":
        message = f"type {release.value('type')} does not wait for a rehearsal; only sagemaker does"
        hint = "take the section out; on Kubernetes old pods stay until new ones are ready"
        yield Problem(message=message, path=place, hint=hint)
    source = release.value("model.source")
    if not release.value("model.train") and source.startswith(ELSEWHERE):
        message = f"the model {source} is not on this machine, where the rehearsal would be"
        hint = "take the section out, or fetch the model into a folder of the project"
        yield Problem(message=message, path=place, hint=hint)


def _rehearsal(release: Release) -> Step:
    image = f"mldeploy::Image/{release.resource_name}"
    spec: dict[str, JSON] = {
        "Image": Ref(image, Ref.NAME),
        "Digest": Ref(image, "Digest"),
        "Model": Ref("@model", "Path"),
        "Variables": _variables(release),
        "Requests": release.value("verify.requests"),
        "Rounds": release.value("rehearsal.rounds"),
    }
    if release.value("image.builder") == PROCESS:
        spec["Environment"] = Ref(f"mldeploy::PythonEnvironment/{release.resource_name}", "Path")
    else:
        spec["RepositoryUri"] = Ref("@image-repository", "RepositoryUri")
    return Step(
        kind="mldeploy::Rehearsal",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec=spec,
        settings={"StartSeconds": release.value("rehearsal.startSeconds")},
        provides="rehearsal",
        immutable=True,
        lazy=True,
    )


def _variables(release: Release) -> dict[str, str]:
    """Return what the container gets in its environment and does not depend on what is deployed."""
    variables = {"MLDEPLOY_NAME": release.name, "MLDEPLOY_ENV": release.env}
    return {**variables, "MODEL_ALLOW_PICKLE": "true"} if release.value("model.allowPickle") else variables
