"""What ECR's scan finds in an image decides whether it is deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mldeploy import Context, Phase, Problem, Step
from mldeploy.errors import RefusedError
from mldeploy.graph import settle
from mldeploy.plugins import completed, load_plugins
from mldeploy.release import load_release
from mldeploy_container.image_scans import ImageScanDriver
from mldeploy_container.steps import describe
from mldeploy_sandbox import client
from tests.sandbox.running_sandbox import REPOSITORY, Sandbox

TOMORROW, YESTERDAY = ((datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (1, -1))
FOUND = "CVE-2024-0001"
GATE = {"FailOn": "HIGH", "WaitSeconds": 20, "Waivers": []}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("scans") / ".mldeploy" / "sandbox"
    yield Sandbox(client.ensure(folder, kept=True), folder)
    client.stop(folder)


@pytest.fixture(scope="module")
def driver(sandbox: Sandbox) -> ImageScanDriver:
    root = sandbox.folder.parents[1]
    config = {"instance": {"region": "eu-central-1"}}
    plugins = load_plugins(("local",), root)
    context = Context(
        name="probe",
        env="local",
        root=root,
        config=config,
        tags={},
        find_provider=plugins.provider,
        emit=lambda _event: None,
    )
    return ImageScanDriver(context)


@pytest.fixture(scope="module")
def image(sandbox: Sandbox) -> str:
    return sandbox.push()


@pytest.fixture
def vulnerable(sandbox: Sandbox) -> Iterator[None]:
    """Let every scan find something."""
    client.ask(sandbox.running, "POST", "faults", {"plan": f"{REPOSITORY} vulnerable"})
    yield
    client.ask(sandbox.running, "POST", "faults", {"plan": ""})


def scan(image: str, **settings: Any) -> Step:
    digest = image.rpartition("@")[2]
    spec = {"RepositoryName": REPOSITORY, "ImageUri": image, "Digest": digest}
    return Step(kind="mldeploy::ImageScan", name="probe", phase=Phase.BUILD, spec=spec, settings={**GATE, **settings})


@pytest.mark.req("E5")
def test_an_image_that_nobody_scanned_is_scanned_and_passes(driver: ImageScanDriver, image: str) -> None:
    step = scan(image)
    assert driver.read(step) is None
    assert driver.apply(step, None) == {"ImageUri": image, "Digest": step.spec["Digest"]}


@pytest.mark.usefixtures("vulnerable")
def test_findings_stop_a_release_and_are_named(driver: ImageScanDriver, image: str) -> None:
    with pytest.raises(RefusedError, match="1 findings of HIGH or worse") as caught:
        driver.apply(scan(image), None)
    assert caught.value.details == (f"CRITICAL {FOUND} in zlib",)


@pytest.mark.usefixtures("vulnerable")
def test_a_waiver_holds_until_its_day(driver: ImageScanDriver, image: str) -> None:
    assert driver.apply(scan(image, Waivers=[{"id": FOUND, "until": TOMORROW}]), None)
    with pytest.raises(RefusedError) as caught:
        driver.apply(scan(image, Waivers=[{"id": FOUND, "until": YESTERDAY}]), None)
    assert f"expired: {FOUND}" in caught.value.hint


@pytest.mark.usefixtures("vulnerable")
def test_what_passed_once_does_not_stop_a_rollback(
    driver: ImageScanDriver, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = scan(image)
    monkeypatch.setattr(driver.context, "outputs", lambda _step: {"Digest": step.spec["Digest"]})
    found = driver.read(step)
    assert found is not None
    assert found.outputs["ImageUri"] == image


def steps_of(folder: Path, image: Mapping[str, Any]) -> list[Step | Problem]:
    whole = {"name": "probe", "instance": {"type": "ml.m5.large", "region": "eu-central-1"}, "image": image}
    (folder / "release.yaml").write_text(json.dumps(whole), encoding="utf-8")
    found = describe(load_release(folder / "release.yaml", "local", load_plugins))
    return [completed(item) if isinstance(item, Step) else item for item in found]


def test_everything_behind_the_image_waits_for_the_scan(tmp_path: Path) -> None:
    found = [step for step in steps_of(tmp_path, {"scan": {}}) if isinstance(step, Step)]
    gate = next(step for step in settle(found) if step.kind == "mldeploy::ImageScan")
    assert [step.kind for step in found if step.provides == "image"] == ["mldeploy::ImageScan"]
    assert gate.settings["FailOn"] == "HIGH"


def test_a_waiver_until_a_day_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    waiver = {"id": FOUND, "until": "2027-02-31", "reason": "not reachable"}
    problems = [item for item in steps_of(tmp_path, {"scan": {"waivers": [waiver]}}) if isinstance(item, Problem)]
    assert ("image", "scan", "waivers", 0, "until") in {problem.path for problem in problems}
