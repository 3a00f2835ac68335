"""Models that come from elsewhere, as steps of the build phase; whoever serves them puts the steps together."""

from __future__ import annotations

from mldeploy import Phase, Problem, Release, Step
from mldeploy_container.pins import FILE, Pin

ARCHIVE = "s3://"
MLFLOW = "mlflow:"
PACKAGES = "sagemaker:"
ELSEWHERE = (ARCHIVE, MLFLOW, PACKAGES)
HOW_TO_PIN = "run `mldeploy model pin`, and commit the file"


def source_of(release: Release) -> str:
    """Return what release.yaml says about where the model comes from."""
    return str(release.value("model.source"))


def unpinned(release: Release) -> Problem:
    """Return the problem of a source that may stand for another version tomorrow."""
    return Problem(
        message=f"{FILE} does not say which version {source_of(release)} is",
        path=("model", "source"),
        hint=HOW_TO_PIN,
        severity="incomplete",
    )


def registered_model(release: Release, pin: Pin) -> Step:
    """Return the step that fetches the files of MLflow's registry."""
    return Step(
        kind="mldeploy::RegisteredModel",
        name=f"{release.resource_name}-v{pin.version}",
        phase=Phase.BUILD,
        spec={"Source": pin.source, "Version": pin.version, "Url": pin.url, "Sha256": pin.sha256},
        provides="model",
        immutable=True,
        lazy=True,
    )


def pinned_archive(release: Release, pin: Pin) -> Step:
    """Return the step that looks whether an archive in S3 is still the pinned one, and still approved."""
    packaged = pin.source.startswith(PACKAGES)
    return Step(
        kind="mldeploy::PinnedArchive",
        name=_name(release, pin),
        phase=Phase.BUILD,
        spec={
            "Source": pin.source,
            "Version": pin.version,
            "Url": pin.url,
            "ETag": pin.etag,
            "Sha256": pin.sha256,
            **({"PackageArn": pin.version} if packaged else {}),
        },
        provides="model-data",
        immutable=True,
    )


def unpacked_archive(release: Release, pin: Pin, archive: Step) -> Step:
    """Return the step that fetches the files of an archive, once it was found to be the pinned one."""
    return Step(
        kind="mldeploy::UnpackedArchive",
        name=_name(release, pin),
        phase=Phase.BUILD,
        spec={
            "Source": pin.source,
            "Version": pin.version,
            "Url": archive.ref("ModelDataUrl"),
            "Sha256": archive.ref("ModelSha256"),
        },
        provides="model",
        immutable=True,
        lazy=True,
    )


def _name(release: Release, pin: Pin) -> str:
    return f"{release.resource_name}-v{pin.version.rpartition('/')[2]}"
