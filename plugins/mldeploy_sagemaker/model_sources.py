"""Where the model comes from, as steps: a folder of the project, an archive in S3, or a version in a registry."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.pins import FILE, Pin, read_pin

ARCHIVE = "s3://"
MLFLOW = "mlflow:"
PACKAGES = "sagemaker:"
BLOCK_ALL = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
HOW_TO_PIN = "run `mldeploy model pin`, and commit the file"


def describe_model(release: Release) -> Iterator[Step | Problem]:
    """Yield what makes or finds the model's archive, for the build phase."""
    source, pin = _source(release), read_pin(release.root, _source(release))
    if source.startswith((MLFLOW, PACKAGES)) and pin is None:
        yield Problem(
            message=f"{FILE} does not say which version {source} is",
            path=("model", "source"),
            hint=HOW_TO_PIN,
            severity="incomplete",
        )
    elif source.startswith(ARCHIVE) and pin is None:
        message = f"{source} may be overwritten: nothing says which archive was meant"
        yield Problem(message=message, path=("model", "source"), hint=HOW_TO_PIN, severity="warning")
    elif source.startswith((ARCHIVE, PACKAGES)) and pin is not None:
        yield _pinned_archive(release, pin)
    else:
        if pin is not None:
            yield _registered_model(release, pin)
        yield from _packed(release)


def archive_of(release: Release) -> JSON:
    """Return the address of the model's archive, or a ref to it."""
    source = _source(release)
    is_loose = source.startswith(ARCHIVE) and read_pin(release.root, source) is None
    return source if is_loose else Ref("@model-data", "ModelDataUrl")


def readable_objects(release: Release) -> JSON:
    """Return the ARN of what the endpoint's role reads: the one archive, or those in our bucket."""
    source = _source(release)
    pin = read_pin(release.root, source)
    address = pin.url if pin is not None and pin.etag else source
    if address.startswith(ARCHIVE):
        return f"arn:aws:s3:::{address.removeprefix(ARCHIVE)}"
    return _bucket(release).ref("ObjectsArn")


def _source(release: Release) -> str:
    return str(release.value("model.source"))


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


def _registered_model(release: Release, pin: Pin) -> Step:
    return Step(
        kind="mldeploy::RegisteredModel",
        name=f"{release.resource_name}-v{pin.version}",
        phase=Phase.BUILD,
        spec={"Source": pin.source, "Version": pin.version, "Url": pin.url, "Sha256": pin.sha256},
        provides="model",
        immutable=True,
        lazy=True,
    )


def _pinned_archive(release: Release, pin: Pin) -> Step:
    packaged = pin.source.startswith(PACKAGES)
    return Step(
        kind="mldeploy::PinnedArchive",
        name=f"{release.resource_name}-v{pin.version.rpartition('/')[2]}",
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
