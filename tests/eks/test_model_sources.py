"""A model from elsewhere on Kubernetes: pinned, fetched when the image is built, and a layer of the image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mldeploy import Problem, Step
from mldeploy.errors import DeployError
from mldeploy.graph import settle
from mldeploy.model_files import model_digest
from mldeploy_container.model_cli import resolve
from mldeploy_container.pinned_models import PinnedArchiveDriver, UnpackedArchiveDriver
from mldeploy_container.pins import Pin, write_pin
from mldeploy_eks.steps import describe_image
from tests.eks.clustered_release import ClusteredRelease
from tests.eks.releases import release_of
from tests.plugins.served_release import image_steps
from tests.sandbox.running_sandbox import tar_gz

BUCKET = "models-from-elsewhere"
ARCHIVE = f"s3://{BUCKET}/model.tar.gz"
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/sentiment/3"
MLFLOW, REGISTRY = "mlflow:sentiment@champion", "sagemaker:sentiment"
PINS = {
    MLFLOW: Pin(source=MLFLOW, version="7", url="mlflow-artifacts:/0/run7/artifacts/model", sha256="a" * 64),
    REGISTRY: Pin(source=REGISTRY, version=PACKAGE, url=ARCHIVE, sha256="b" * 64, etag="c" * 32),
    ARCHIVE: Pin(source=ARCHIVE, version="d" * 32, url=ARCHIVE, sha256="b" * 64, etag="d" * 32),
}


def described(folder: Path, source: str) -> list[Step | Problem]:
    return list(describe_image(release_of(folder, {"model": {"source": source}})))


def settled(folder: Path, source: str) -> dict[str, Step]:
    """Return kind → settled step."""
    steps = [item for item in described(folder, source) if isinstance(item, Step)]
    own = [step for step in image_steps("1") if step.provides not in {"model", "model-data"}]
    return {step.kind: step for step in settle([*own, *steps])}


@pytest.mark.req("F8", "Q7")
@pytest.mark.parametrize("source", PINS)
def test_a_model_without_a_pin_has_no_image(tmp_path: Path, source: str) -> None:
    (problem,) = described(tmp_path, source)
    assert isinstance(problem, Problem)
    assert (problem.severity, problem.path) == ("incomplete", ("model", "source"))
    assert "mldeploy model pin" in problem.hint


@pytest.mark.req("F8", "Q7")
@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        (MLFLOW, {"mldeploy::RegisteredModel"}),
        (REGISTRY, {"mldeploy::PinnedArchive", "mldeploy::UnpackedArchive"}),
        (ARCHIVE, {"mldeploy::PinnedArchive", "mldeploy::UnpackedArchive"}),
    ],
)
def test_a_pin_names_the_image_and_another_pin_another_image(tmp_path: Path, source: str, kinds: set[str]) -> None:
    write_pin(tmp_path, PINS[source])
    first = settled(tmp_path, source)
    assert kinds <= first.keys()
    assert settled(tmp_path, source) == first
    write_pin(tmp_path, replace(PINS[source], sha256="e" * 64))
    assert settled(tmp_path, source)["mldeploy::ModelImage"].name != first["mldeploy::ModelImage"].name


def test_the_registrys_package_has_to_be_approved_when_it_is_deployed(tmp_path: Path) -> None:
    write_pin(tmp_path, PINS[REGISTRY])
    assert settled(tmp_path, REGISTRY)["mldeploy::PinnedArchive"].spec["PackageArn"] == PACKAGE


@pytest.mark.req("F8", "Q7")
def test_an_archive_is_fetched_as_it_was_pinned_and_another_one_is_not(here: ClusteredRelease) -> None:
    context, s3 = here.deployment().context, here.sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=tar_gz({"weights.json": "[1, 2]"}))
    pin = resolve(context, ARCHIVE)
    write_pin(here.folder, pin)
    steps = settled(here.folder, ARCHIVE)
    looked = PinnedArchiveDriver(context).read(steps["mldeploy::PinnedArchive"])
    assert looked is not None
    found = {"Url": looked.outputs["ModelDataUrl"], "Sha256": looked.outputs["ModelSha256"]}
    model = replace(steps["mldeploy::UnpackedArchive"], spec={**steps["mldeploy::UnpackedArchive"].spec, **found})
    driver = UnpackedArchiveDriver(context)
    assert driver.read(model) is None
    outputs = driver.apply(model, None)
    assert model_digest(Path(outputs["Path"])) == pin.sha256 == outputs["Sha256"]
    assert (Path(outputs["Path"]) / "weights.json").read_text() == "[1, 2]"
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=tar_gz({"weights.json": "[6, 6]"}))
    with pytest.raises(DeployError, match="other files than when it was pinned"):
        driver.apply(model, None)
    read = driver.read(model)
    assert read is not None
    assert read.outputs == outputs, "what was fetched before stays"
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=b"no archive")
    with pytest.raises(DeployError, match="cannot unpack the archive"):
        driver.apply(model, None)
    driver.delete(model, read)
    (here.folder / "model.lock.json").unlink()
