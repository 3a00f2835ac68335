"""`state: s3://…` in release.yaml: two machines see one history and one lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from mldeploy.lease import ourselves
from mldeploy.testing import Project
from mldeploy_sandbox import client
from tests.aws.s3_stores import BUCKET, PLACE, REGION, bodies
from tests.crash.project import RELEASE

PREFIX = "deployments/probe/local"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Project]]:
    """Two checkouts of one release that reach the same AWS; only AWS is shared."""
    first, second = (Project(tmp_path_factory.mktemp(name)) for name in ("first", "second"))
    for project in (first, second):
        project.write("release.yaml", yaml.safe_dump({**RELEASE, "state": PLACE}))
        project.write("requirements.txt", "")
        project.write("Dockerfile", "FROM scratch\n")
        project.write("model/weights.txt", "1")
        project.write("service/__main__.py", "")
    first.run("sandbox", "up").ok()
    (second.folder / ".mldeploy").mkdir()
    (second.folder / ".mldeploy" / "sandbox").symlink_to(first.folder / ".mldeploy" / "sandbox")
    yield first, second
    first.run("sandbox", "down").ok()


@pytest.fixture(scope="module")
def s3(machines: tuple[Project, Project]) -> Any:
    running = client.find(machines[0].folder / ".mldeploy" / "sandbox")
    assert running is not None
    found = boto3.client(
        "s3", endpoint_url=running.url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    found.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return found


def test_a_release_of_one_machine_is_known_on_the_other(machines: tuple[Project, Project], s3: Any) -> None:
    first, second = machines
    first.run("run", "--phase", "build").ok()
    assert list(bodies(s3)) == [f"{PREFIX}/r0001.json"]
    assert not (first.folder / ".mldeploy" / "state").exists()
    status = second.run("status", "--json").ok().json
    assert (status["release"], status["outcome"]) == ("r1", "running")
    assert second.run("plan", "--json").ok().json["counts"]["keep"] >= 3
    second.run("destroy", "--yes").ok()
    assert bodies(s3) == {}
    assert second.run("status").exit_code == 2


@pytest.mark.req("E9")
def test_the_lock_of_another_machine_is_respected_shown_and_taken(machines: tuple[Project, Project], s3: Any) -> None:
    _, second = machines
    other = replace(ourselves("run --env local"), who="ada", host="elsewhere", pid=7)
    body = json.dumps({**asdict(other), "token": "theirs"}).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/lock.json", Body=body)
    refused = second.run("run", "--phase", "build")
    assert refused.exit_code == 4
    assert "ada on elsewhere (process 7)" in refused.stderr
    assert list(bodies(s3)) == [f"{PREFIX}/lock.json"]
    assert "ada on elsewhere" in second.run("unlock", "--yes").ok().stdout
    assert bodies(s3) == {}


def test_a_bucket_that_is_missing_is_named_before_anything_is_made(machines: tuple[Project, Project]) -> None:
    first, _ = machines
    release = Path(first.folder / "release.yaml").read_text(encoding="utf-8")
    first.write("release.yaml", release.replace(PLACE, "s3://no-such-bucket-here/x"))
    failed = first.run("run", "--phase", "build")
    first.write("release.yaml", release)
    assert failed.exit_code == 2
    assert "no-such-bucket-here, which does not exist" in failed.stderr


@pytest.mark.parametrize("place", ["company-state", "s3://UPPER/x", "s3://", "https://bucket/x"])
def test_what_is_no_place_in_s3_is_refused_where_it_stands(place: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("release.yaml", yaml.safe_dump({**RELEASE, "state": place}))
    refused = project.run("validate")
    assert refused.exit_code == 3
    assert "state" in refused.stdout + refused.stderr
