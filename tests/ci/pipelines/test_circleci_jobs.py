"""The jobs of the generated CircleCI pipelines, step by step as written, against a sandbox in the place of AWS."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ci.pipelines.circleci import Cloud, Pipeline
from tests.ci.pipelines.conftest import Repository, World

pytestmark = pytest.mark.timeout(600)
ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/deployer"}
ENVIRONMENTS = ("dev", "qa", "staging", "prod")
DEV = ("plan-dev", "deploy-dev")


@pytest.fixture(scope="module")
def repository(make_repository: Callable[[], Repository]) -> Repository:
    return make_repository()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return Cloud(tmp_path_factory.mktemp("circleci"))


@pytest.fixture
def trigger(repository: Repository, cloud: Cloud, world: World, programs: list[Path]) -> Callable[..., Pipeline]:
    contexts = {f"reviews-{name}{plan}": ROLE for name in ENVIRONMENTS for plan in ("", "-plan")}

    def start(config: str = "config.yml", **settings: Any) -> Pipeline:
        return Pipeline(
            repository.root, config, cloud, programs, contexts=contexts, variables=world.variables, **settings
        )

    return start


def records(cloud: Cloud, environment: str = "dev") -> list[dict[str, Any]]:
    """Return the records in the newest cache of an environment."""
    newest = [path for key, path in cloud.caches.items() if key.startswith(f"mldeploy-records-v1-{environment}-")][-1]
    return [json.loads(path.read_text()) for path in sorted(newest.rglob("r*.json"))]


@pytest.mark.req("8.1", "8.2", "8.3")
@pytest.mark.full
def test_the_tests_run_with_coverage_and_the_scan_is_skipped_without_a_token(trigger: Any, cloud: Cloud) -> None:
    pipeline = trigger().run(only=["test", "scan"])
    assert pipeline.finished["test"] == pipeline.finished["scan"] == "success", pipeline.log()
    assert "skipped: there is no SONAR_TOKEN here" in pipeline.texts("Scan with SonarCloud")[0]
    assert {"coverage.xml", "sbom.json", "test-results/junit.xml"} <= set(cloud.artifacts["test"])
    report = ElementTree.parse(pipeline.workspace / "coverage.xml").getroot()
    assert float(report.attrib["line-rate"]) >= 0.8
    files = {element.attrib["filename"] for element in report.iter("class")}
    assert "model_loader.py" in files, "paths as SonarCloud sees them: relative to the project"


@pytest.mark.full
@pytest.mark.req("8.5", "8.6", "8.7", "8.11", "8.12", "8.16", "8.20", "W1")
def test_plan_approve_deploy_then_a_change_then_rollback(
    trigger: Any, repository: Repository, cloud: Cloud, circleci_log: Path
) -> None:
    first = repository.head
    pipeline = trigger().run(only=DEV)
    assert pipeline.finished["deploy-dev"] == "success", pipeline.log()
    assert "+ AWS::SageMaker::Endpoint/reviews-dev" in pipeline.texts("Plan")[0]
    assert {"plan/dev.json", "plan/dev.txt"} <= set(cloud.artifacts["plan-dev"])
    assert "test-results/verify.xml" in cloud.artifacts["deploy-dev"]
    assert circleci_log.read_text().splitlines() == [
        f"run release plan deploy-dev --environment-name=dev --component-name=reviews --target-version={first[:7]}",
        "run release update deploy-dev --status=RUNNING",
        "run release update deploy-dev --status=SUCCESS",
    ]

    second = repository.allow_bursts_of(7)
    pipeline = trigger().run(only=DEV)
    assert pipeline.finished["deploy-dev"] == "success", pipeline.log()
    assert "~ AWS::ApiGateway::UsagePlan/reviews-dev" in pipeline.texts("Plan")[0]
    assert [record["revisions"] for record in records(cloud)] == [[first], [second]]

    back = trigger("rollback.yml", deploy={"environment_name": "dev", "target_version": first[:7]}).run()
    assert back.finished == {"roll-back-dev": "success"}, back.log()
    newest = records(cloud)[-1]
    assert (newest["restores"], newest["outcome"]) == (1, "deployed")
    assert f"--rollback --target-version={first[:7]}" in circleci_log.read_text()


@pytest.mark.full
@pytest.mark.req("8.12")
def test_a_plan_that_is_not_what_would_be_done_now_is_not_applied(
    trigger: Any, repository: Repository, cloud: Cloud, circleci_log: Path
) -> None:
    reviewed = trigger().run(only=["plan-dev"])
    deployment = trigger(commit=repository.allow_bursts_of(8))
    deployment.workspace = reviewed.workspace
    deployment.run(only=["deploy-dev"])
    assert deployment.finished["deploy-dev"] == "failed"
    assert "UsagePlan/reviews-dev" in deployment.texts("Deploy what was approved, or nothing")[0]
    assert circleci_log.read_text().splitlines()[-1] == "run release update deploy-dev --status=FAILED"


@pytest.mark.full
@pytest.mark.req("8.17", "8.18")
@pytest.mark.timeout(1800)
def test_all_environments_one_after_another(trigger: Any, repository: Repository, cloud: Cloud) -> None:
    older, _ = repository.head, repository.allow_bursts_of(9)
    pipeline = trigger().run()
    assert all(state in ("success", "not_run") for state in pipeline.finished.values()), pipeline.log()
    assert all(records(cloud, name)[-1]["outcome"] == "deployed" for name in ENVIRONMENTS)
    only_verify = trigger("deploy.yml", parameters={"environment": "qa", "phase": "verify"}).run()
    assert only_verify.finished == {"deploy-qa": "success"}, only_verify.log()
    newest = records(cloud, "qa")
    dry = trigger("deploy.yml", parameters={"environment": "qa", "dry_run": True, "version": older[:7]}).run()
    assert dry.finished == {"deploy-qa": "success"}, dry.log()
    assert "~ AWS::ApiGateway::UsagePlan/reviews-qa" in dry.texts("Plan")[0]
    assert records(cloud, "qa") == newest, "a dry run changes nothing"
    for name in ("qa", "staging", "prod"):
        back = trigger("rollback.yml", parameters={"environment": name, "version": "r1"}).run()
        assert back.finished == {f"roll-back-{name}": "success"}, back.log()
