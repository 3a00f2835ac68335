"""Where the model comes from, as steps: a folder of the project, an archive in S3, or a version in a registry."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_container.pinned_steps import (
    ARCHIVE,
    HOW_TO_PIN,
    MLFLOW,
    PACKAGES,
    pinned_archive,
    registered_model,
    source_of,
    unpinned,
)
from mldeploy_container.pins import read_pin

BLOCK_ALL = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def describe_model(release: Release) -> Iterator[Step | Problem]:
    """Yield what makes or finds the model's archive, for the build phase."""
    source, pin = source_of(release), read_pin(release.root, source_of(release))
    if source.startswith((MLFLOW, PACKAGES)) and pin is None:
        yield unpinned(release)
    elif source.startswith(ARCHIVE) and pin is None:
        message = f"{source} may be overwritten: nothing says which archive was meant"
        yield Problem(message=message, path=("model", "source"), hint=HOW_TO_PIN, severity="warning")
    elif source.startswith((ARCHIVE, PACKAGES)) and pin is not None:
        yield pinned_archive(release, pin)
    else:
        if pin is not None:
            yield registered_model(release, pin)
        yield from _packed(release)


def archive_of(release: Release) -> JSON:
    """Return the address of the model's archive, or a ref to it."""
    source = source_of(release)
    is_loose = source.startswith(ARCHIVE) and read_pin(release.root, source) is None
    return source if is_loose else Ref("@model-data", "ModelDataUrl")


def readable_objects(release: Release) -> JSON:
    """Return the ARN of what the endpoint's role reads: the one archive, or those in our bucket."""
    source = source_of(release)
    pin = read_pin(release.root, source)
    address = pin.url if pin is not None and pin.etag else source
    if address.startswith(ARCHIVE):
        return f"arn:aws:s3:::{address.removeprefix(ARCHIVE)}"
    return _bucket(release).ref("ObjectsArn")


def _bucket(release: Release) -> Step:
    return Step(
        kind="AWS::S3::Bucket",
        name=f"{release.resource_name}-models",
        phase=Phase.BUILD,
        spec={"PublicAccessBlockConfiguration": BLOCK_ALL},
    )


def _packed(release: Release) -> Iterator[Step]:
    """Yield the bucket, and the model's folder packed into it."""
    bucket = _bucket(release)
    yield bucket
    yield Step(
        kind="mldeploy::ModelData",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={
            "BucketName": bucket.ref("BucketName"),
            "Source": Ref("@model", "Path"),
            "Sha256": Ref("@model", "Sha256"),
        },
        provides="model-data",
        immutable=True,
    )
