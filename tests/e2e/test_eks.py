"""The whole chain with `type: eks`: the generated project, its pods, cache and gateway, releases and their end."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml

from tests.e2e.conftest import Project, new_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project beside its cluster, which mldeploy does not make."""
    found = new_project(tmp_path_factory.mktemp("eks"), "--type", "eks")
    found.ok("sandbox", "up")
    found.client("eks").create_cluster(
        name="sentiment-local", roleArn="arn:aws:iam::123456789012:role/cluster", resourcesVpcConfig={}
    )
    yield found
    found.mldeploy("sandbox", "down")


def release_of(project: Project) -> str:
    found = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(project.ok("render").out)}
    deployment = found["Deployment", "sentiment-local"]
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.req("Q7")
def test_a_project_lives_on_kubernetes_from_init_to_destroy(project: Project) -> None:
    project.ok("run")
    assert project.predict("I love it")["body"]["predictions"][0]["label"] == "positive"
    assert '"event": "request"' in project.ok("logs").out
    assert "pods/" in project.ok("logs").out

    calls = project.mutating_calls()
    plan = project.ok("plan", "--json").json
    assert [change for change in plan["changes"] if change["action"] in {"create", "update", "delete"}] == []
    project.ok("run")
    assert project.mutating_calls() == calls

    first = release_of(project)
    with (project.root / "data" / "reviews.csv").open("a", encoding="utf-8") as reviews:
        reviews.write('"A wonderful, marvellous thing.",positive\n')
    project.ok("run")
    second = release_of(project)
    assert first != second

    broken = project.root / "service" / "supervisor.py"
    good = broken.read_text(encoding="utf-8")
    broken.write_text(good + '\nraise SystemExit("no licence")\n', encoding="utf-8")
    failed = project.mldeploy("run")
    assert failed.code == 5
    assert "[crash-loop]" in failed.err
    assert "undone, the last good pods serve again" in failed.err
    assert "no licence" in failed.err
    named = project.mldeploy("diagnose", "--json")
    assert (named.code, [cause["code"] for cause in named.json["causes"]]) == (5, ["crash-loop", "undone"])
    assert project.predict("I love it")["status"] == 200
    broken.write_text(good, encoding="utf-8")

    project.ok("rollback", "--to", "r1", "--yes")
    assert project.predict("I love it")["status"] == 200
    assert "ok       Kubernetes::Deployment/sentiment-local" in project.ok("status").out
    project.ok("destroy", "--yes")
    gone = project.mldeploy("status")
    assert (gone.code, "nothing is deployed in environment 'local'" in gone.err) == (2, True)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.req("Q7", "F8")
def test_a_model_from_s3_lies_in_the_image_and_answers_are_kept_in_a_pod(tmp_path: Path) -> None:
    project = new_project(tmp_path, "--type", "eks")
    try:
        project.ok("run")
        first = release_of(project)
        (trained,) = (folder for folder in (project.root / ".mldeploy" / "models").iterdir() if folder.is_dir())
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            tar.add(trained, arcname=".")
        address = project.ok("sandbox", "status", "--json").json["url"]
        s3 = boto3.Session("test", "test", region_name="eu-central-1").client("s3", endpoint_url=address)
        s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="elsewhere", Key="model.tar.gz", Body=buffer.getvalue())

        file = project.root / "release.yaml"
        release = yaml.safe_load(file.read_text(encoding="utf-8"))
        release["model"] = {"source": "s3://elsewhere/model.tar.gz"}
        release.setdefault("eks", {})["redis"] = {"image": "valkey/valkey@sha256:" + "8" * 64}
        file.write_text(yaml.safe_dump(release), encoding="utf-8")
        assert "mldeploy model pin" in project.mldeploy("run").err
        project.ok("model", "pin")
        project.ok("run")
        assert release_of(project) == first, "the same files are the same image, wherever they come from"
        answers = [project.predict("I love it") for _ in range(2)]
        assert answers[1]["body"]["predictions"][0]["label"] == "positive"
        assert [answer["headers"]["x-cache"] for answer in answers] == ["MISS", "HIT"]
        calls = project.mutating_calls()
        project.ok("run")
        assert project.mutating_calls() == calls
        assert project.ok("diagnose").out.startswith("pods: 1 of 1 of sentiment-local are available; 1 of 1 of")
        project.ok("destroy", "--yes")
    finally:
        project.mldeploy("sandbox", "down")


def test_render_prints_manifests_before_anything_is_deployed(tmp_path: Path) -> None:
    project = new_project(tmp_path, "--type", "eks")
    documents = list(yaml.safe_load_all(project.ok("render").out))
    assert {"Deployment", "Service", "NetworkPolicy"} <= {document["kind"] for document in documents}
    assert "mldeploy[eks]==" in (project.root / "requirements-deploy.txt").read_text(encoding="utf-8")
