"""What has to be built, as steps; everything is named by the content it is made from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from mldeploy import Phase, Problem, Release, Step
from mldeploy.model import JSON, Later
from mldeploy.model_files import model_digest, model_paths
from mldeploy_container.context_files import PROCESS, files_below, image_files, sha256_of
from mldeploy_container.pinned_steps import ELSEWHERE

REQUIREMENTS = ("requirements.lock", "requirements.txt")


def describe(release: Release) -> Iterator[Step | Problem]:
    """Yield the steps of the build phase, and what the project lacks."""
    if release.value("image.builder") == PROCESS and release.env != "local":
        hint = "take the line out, or say docker or buildah, unless AWS_ENDPOINT_URL names a sandbox"
        message = "AWS cannot start a process image; only a sandbox can"
        yield Problem(message=message, path=("image", "builder"), hint=hint, severity="warning")
    requirements = _requirements(release)
    environment = None
    if requirements is None:
        yield Problem(
            message=f"the project has neither {' nor '.join(REQUIREMENTS)}",
            path=("image",),
            hint="pin what the service needs: `uv pip compile --generate-hashes requirements.in -o requirements.lock`",
            severity="incomplete",
        )
    else:
        environment = _environment(release, requirements)
        yield environment
    yield from _model(release, environment)
    yield from _image(release, environment)


def _requirements(release: Release) -> Path | None:
    return next((release.root / name for name in REQUIREMENTS if (release.root / name).is_file()), None)


def _environment(release: Release, requirements: Path) -> Step:
    return Step(
        kind="mldeploy::PythonEnvironment",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={
            "RequirementsSha256": Later(lambda: sha256_of(release.root, [requirements])),
            "PythonVersion": release.value("image.python") or f"{sys.version_info.major}.{sys.version_info.minor}",
        },
        settings={"Requirements": requirements.name},
        immutable=True,
        lazy=True,
    )


def _model(release: Release, environment: Step | None) -> Iterator[Step | Problem]:
    source, script = release.value("model.source"), release.value("model.train")
    if release.value("model.allowPickle"):
        from mldeploy.pickles import SAFER  # noqa: PLC0415 - loads pickletools and zipfile, which few checks need

        yield Problem(
            message="pickles are allowed: whoever can write the model files can run code in the service",
            path=("model", "allowPickle"),
            hint=f"save the model as {SAFER}, and take the line out",
            severity="warning",
        )
    if script and environment is not None:
        yield from _trained(release, environment, script)
    elif script is None and not source.startswith(ELSEWHERE):
        yield from _model_folder(release, release.root / source)


def _model_folder(release: Release, folder: Path) -> Iterator[Step | Problem]:
    source = release.value("model.source")
    if not folder.is_dir() or not model_paths(folder):
        yield Problem(
            message=f"there is no model in the folder {source}" if folder.is_dir() else f"there is no folder {source}",
            path=("model", "source"),
            hint="put the model files there, or name a script under model.train that makes them",
            severity="incomplete",
        )
        return
    from mldeploy.pickles import SAFER, find_pickles  # noqa: PLC0415 - see `_model`

    if not release.value("model.allowPickle") and (found := find_pickles(folder)):
        yield Problem(
            message=f"the model is a pickle, which can run any code when it is loaded: {', '.join(found)}",
            path=("model", "source"),
            hint=f"save it as {SAFER}, or set `model: {{allowPickle: true}}` if you trust everybody who can write it",
        )
        return
    yield Step(
        kind="mldeploy::ModelFolder",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={"Sha256": Later(lambda: model_digest(folder))},
        settings={"Path": source},
        provides="model",
        immutable=True,
        lazy=True,
    )


def _trained(release: Release, environment: Step, script: str) -> Iterator[Step | Problem]:
    inputs = [release.root / path for path in (script, *release.value("model.inputs"))]
    missing = [path for path in inputs if not path.exists()]
    for path in missing:
        name = path.relative_to(release.root)
        key = "train" if path == inputs[0] else "inputs"
        hint = "name files of this project"
        yield Problem(message=f"there is no {name}", path=("model", key), hint=hint, severity="incomplete")
    if not missing:
        inputs_sha256 = Later(lambda: _sha256_below(release.root, inputs))
        yield Step(
            kind="mldeploy::TrainedModel",
            name=release.resource_name,
            phase=Phase.BUILD,
            spec={"InputsSha256": inputs_sha256, "Environment": environment.ref("Path")},
            settings={"Script": script, "AllowPickle": release.value("model.allowPickle")},
            provides="model",
            immutable=True,
            lazy=True,
        )


def _sha256_below(root: Path, paths: Iterable[Path]) -> str:
    return sha256_of(root, [file for path in paths for file in ([path] if path.is_file() else files_below(path))])


def _image(release: Release, environment: Step | None) -> Iterator[Step | Problem]:
    repository = Step(
        kind="AWS::ECR::Repository",
        name=release.value("image.repository") or release.resource_name,
        phase=Phase.BUILD,
        spec={"ImageTagMutability": "IMMUTABLE", "ImageScanningConfiguration": {"ScanOnPush": True}},
        provides="image-repository",
    )
    builder, dockerfile = release.value("image.builder"), release.value("image.dockerfile")
    spec = {
        "RepositoryName": repository.ref("RepositoryName"),
        "RepositoryUri": repository.ref("RepositoryUri"),
        "Builder": builder,
    }
    if builder != PROCESS:
        spec |= {"Dockerfile": dockerfile, "Platform": release.value("image.platform")}
        spec["BuildArguments"] = _build_arguments(release)
    elif environment is not None:
        spec["Environment"] = environment.ref("Path")
    if builder != PROCESS and not (release.root / dockerfile).is_file():
        yield Problem(
            message=f"there is no {dockerfile}",
            path=("image", "dockerfile"),
            hint="`mldeploy init` writes one; copy it from a new project",
            severity="incomplete",
        )
    image = Step(
        kind="mldeploy::Image",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={"ContextSha256": Later(lambda: sha256_of(release.root, image_files(release.root, spec))), **spec},
        immutable=True,
    )
    gate = release.value("image.scan")
    yield repository
    yield from _impossible_dates(gate or {})
    if gate:
        yield image
        yield _scan(release, gate, repository, image)
    else:
        yield replace(image, provides="image")


def _impossible_dates(gate: Mapping[str, JSON]) -> Iterator[Problem]:
    for number, waiver in enumerate(gate.get("waivers", [])):
        try:
            date.fromisoformat(waiver["until"])
        except ValueError:
            path = ("image", "scan", "waivers", number, "until")
            yield Problem(message=f"there is no day {waiver['until']}", path=path, hint="write a day of the calendar")


def _scan(release: Release, gate: Mapping[str, JSON], repository: Step, image: Step) -> Step:
    """Return the step that lets the image through; for everything behind it, it is the image."""
    return Step(
        kind="mldeploy::ImageScan",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={"RepositoryName": repository.ref("RepositoryName"), **{k: image.ref(k) for k in ("ImageUri", "Digest")}},
        settings={
            "FailOn": gate["failOn"].upper(),
            "WaitSeconds": gate["waitSeconds"],
            "Waivers": [{"id": waiver["id"], "until": waiver["until"]} for waiver in gate["waivers"]],
        },
        provides="image",
        immutable=True,
    )


def _build_arguments(release: Release) -> dict[str, str]:
    """Return what the Dockerfile is given: the image to build on, if release.yaml names one."""
    base, python = release.value("image.base"), release.value("image.python")
    if base or python:
        return {"PYTHON_IMAGE": base or f"python:{python}-slim"}
    return {}
