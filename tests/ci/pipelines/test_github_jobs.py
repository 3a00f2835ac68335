"""The jobs of the generated GitHub workflows, step by step as written, against a sandbox in the place of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ci.pipelines.conftest import Repository, World
from tests.ci.pipelines.github import Cloud, Run

pytestmark = pytest.mark.timeout(600)
ENVIRONMENTS = ("dev", "qa", "staging", "prod")
VARIABLES = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/deployer", "AWS_REGION": "eu-central-1"}
PULL_REQUEST = {"pull_request": {"head": {"repo": {"full_name": "someone/reviews"}}}}


@pytest.fixture(scope="module")
def repository(make_repository: Callable[[], Repository]) -> Repository:
    return make_repository()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return Cloud(tmp_path_factory.mktemp("github"))


@pytest.fixture
def trigger(repository: Repository, cloud: Cloud, world: World, programs: list[Path]) -> Callable[..., Run]:
    variables = {f"{name}{plan}": VARIABLES for name in ENVIRONMENTS for plan in ("", "-plan")} | {"sonarcloud": {}}

    def start(workflow: str = "mldeploy.yml", event: str = "push", **settings: Any) -> Run:
        return Run(
            repository.root,
            workflow,
            cloud,
            programs,
            event=event,
            variables=variables,
            machine_variables=world.variables,
            **settings,
        )

    return start


def records(cloud: Cloud, environment: str = "dev") -> list[dict[str, Any]]:
    newest = [path for key, path in cloud.caches.items() if key.startswith(f"mldeploy-records-v1-{environment}-")][-1]
    return [json.loads(path.read_text()) for path in sorted(newest.glob("r*.json"))]


@pytest.mark.req("8.7", "8.12", "8.20")
@pytest.mark.full  # the same as CircleCI jobs stays in the default run
def test_review_then_deploy_then_a_change_then_rollback(trigger: Any, repository: Repository, cloud: Cloud) -> None:
    first = repository.head
    review = trigger(event="pull_request", payload=PULL_REQUEST).start(only=["review"])
    assert review.finished == {"review/plan": "success", "review/deploy": "skipped", "review": "success"}, review.log()
    assert "AWS::SageMaker::Endpoint" in review.summaries["review/plan"]
    assert not cloud.caches, "a pull request deploys nothing"

    run = trigger().start(only=["deploy-dev"])
    assert run.finished["deploy-dev/deploy"] == "success", run.log()
    kept = {path.relative_to(run.artifacts).as_posix() for path in run.artifacts.rglob("*.*")}
    assert {"plan-dev/dev.json", "verify-dev-1/verify.xml"} <= kept

    second = repository.allow_bursts_of(7)
    run = trigger("mldeploy-deploy.yml", "workflow_dispatch", inputs={"environment": "dev", "version": second}).start()
    assert run.finished["environment"] == "success", run.log()
    assert [record["revisions"] for record in records(cloud)] == [[first], [second]]

    back = trigger("mldeploy-rollback.yml", "workflow_dispatch", inputs={"environment": "dev", "to": first[:7]}).start()
    assert back.finished == {"roll-back": "success"}, back.log()
    assert (records(cloud)[-1]["restores"], records(cloud)[-1]["outcome"]) == (1, "deployed")


def test_a_pull_request_of_a_fork_gets_no_plan(trigger: Any) -> None:
    fork = {"pull_request": {"head": {"repo": {"full_name": "elsewhere/reviews"}}}}
    run = trigger(event="pull_request", payload=fork).start(
        only=["review", *(f"deploy-{name}" for name in ENVIRONMENTS)]
    )
    assert set(run.finished.values()) == {"skipped"}


@pytest.mark.full
def test_a_hostile_release_to_go_back_to_is_only_a_text(trigger: Any, tmp_path: Path) -> None:
    text = f"$(touch {tmp_path}/done); touch {tmp_path}/done"
    run = trigger("mldeploy-rollback.yml", "workflow_dispatch", inputs={"environment": "dev", "to": text}).start()
    assert run.finished == {"roll-back": "failure"}
    assert not (tmp_path / "done").exists()


@pytest.mark.full
@pytest.mark.req("8.2", "8.3", "8.17")
@pytest.mark.timeout(1800)
def test_tests_scan_and_all_environments(trigger: Any, repository: Repository, cloud: Cloud) -> None:
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Again")
    run = trigger().start()
    expected = {"test", "scan", *(f"deploy-{name}/{job}" for name in ENVIRONMENTS for job in ("plan", "deploy"))}
    assert {name for name, state in run.finished.items() if state == "success"} >= expected, run.log()
    assert "skipped: there is no SONAR_TOKEN here" in run.texts("Scan with SonarCloud")[0]
    assert all(records(cloud, name)[-1]["outcome"] == "deployed" for name in ENVIRONMENTS)
