"""The composite action, every step as written, on a project whose resources are files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mldeploy.testing import Project
from tests.ci.action.conftest import TOY
from tests.ci.action.runner import Runner


def world(project: Project) -> set[str]:
    return {path.name for path in (project.folder / "world").glob("*")}


@pytest.mark.req("8.12", "8.21")
def test_plan_then_apply_exactly_this_plan(runner: Runner, action: Path, toy: Project) -> None:
    planned = runner.use(action, mode="plan", env="local").ok()
    assert not world(toy)
    outputs = planned.outputs
    assert (outputs["changed"], outputs["changes-count"], outputs["cost-delta"]) == ("true", "3", "+0.00")
    assert outputs["plan-digest"] == json.loads(Path(outputs["plan-path"]).read_text())["digest"]
    assert "| + create | `Toy::File/a` | provision |" in outputs["plan-markdown"]
    assert outputs["plan-markdown"] in planned.summary
    assert (outputs["url"], outputs["release-id"]) == ("", "")

    applied = runner.use(
        action, mode="apply-plan", env="local", plan_path=outputs["plan-path"], plan_digest=outputs["plan-digest"]
    ).ok()
    assert world(toy) == {"a", "b", "api"}
    assert (applied.outputs["url"], applied.outputs["release-id"]) == ("toy:api", "r1")
    assert "is deployed" in applied.summary
    assert applied.log.groups == ["build, provision, expose", "verify"]

    again = runner.use(action, env="local").ok()
    assert (again.outputs["changed"], again.outputs["changes-count"]) == ("false", "0")
    assert "**No changes.**" in again.summary


@pytest.mark.req("8.12")
def test_a_plan_that_no_longer_holds_is_not_applied(runner: Runner, action: Path, toy: Project) -> None:
    plan = runner.use(action, env="local").ok().outputs
    toy.write("release.yaml", f"{TOY}toy: {{things: [a, b, c]}}\n")
    refused = runner.use(action, mode="apply-plan", env="local", plan_path=plan["plan-path"])
    assert refused.exit_code == 4
    assert "Toy::File/c: was not described" in refused.text
    assert not world(toy)
    (error,) = refused.log.shown_annotations("error")
    assert error.message.startswith("what would be done now is not what was reviewed")


def test_another_digest_than_the_reviewed_one_is_not_applied(runner: Runner, action: Path, toy: Project) -> None:
    plan = runner.use(action, env="local").ok().outputs
    digest = f"sha256:{'0' * 64}"
    refused = runner.use(action, mode="apply-plan", env="local", plan_path=plan["plan-path"], plan_digest=digest)
    assert refused.exit_code == 4
    assert not world(toy)


def test_run_plans_and_applies(runner: Runner, action: Path, toy: Project) -> None:
    ran = runner.use(action, mode="run", env="local").ok()
    assert world(toy) == {"a", "b", "api"}
    assert (ran.outputs["changes-count"], ran.outputs["release-id"]) == ("3", "r1")


def test_phases_in_steps_of_their_own_are_one_reviewed_plan(runner: Runner, action: Path, toy: Project) -> None:
    plan = runner.use(action, env="local").ok().outputs
    for phases, done in (
        ("build, provision", {"a", "b"}),
        ("expose", {"a", "b", "api"}),
        ("verify", {"a", "b", "api"}),
    ):
        runner.use(action, mode="apply-plan", env="local", plan_path=plan["plan-path"], phase=phases).ok()
        assert world(toy) == done


def test_a_failed_check_is_6_and_says_so(runner: Runner, action: Path, toy: Project) -> None:
    runner.use(action, mode="run", env="local").ok()
    toy.write("release.yaml", f"{TOY}toy: {{things: [a], check: fail}}\n")
    failed = runner.use(action, mode="run", env="local")
    assert failed.exit_code == 6
    assert "Exit code 6: verify failed" in failed.summary
    assert failed.outputs["changed"] == "true"
    assert failed.outputs["release-id"] == ""
    (error,) = failed.log.shown_annotations("error")
    assert "the check says no; rolled back, r1 is serving again" in error.message


@pytest.mark.req("8.19")
def test_a_mistake_in_the_file_is_annotated_at_its_place_in_the_repository(
    runner: Runner, action: Path, tmp_path: Path
) -> None:
    project = Project(runner.workspace / "services" / "toy")
    (runner.workspace / ".git").mkdir()
    project.write("release.yaml", "name: toy\nautoscaling:\n  minInstances: 0\n")
    failed = runner.use(action, env="dev", working_directory="services/toy")
    assert failed.exit_code == 3
    first = failed.log.shown_annotations("error")[0]
    assert first.properties == {"file": "services/toy/release.yaml", "line": "3", "col": "17", "title": "mldeploy"}
    assert "Exit code 3: release invalid" in failed.summary


def test_the_action_changes_neither_variables_nor_path_of_the_job(runner: Runner, action: Path, toy: Project) -> None:
    runner.use(action, mode="run", env="local").ok()
    for name in ("env", "path", "state"):
        assert [path.read_text() for path in runner.temp.glob(f"*/*_{name}") if path.read_text()] == []
