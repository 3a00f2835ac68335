"""action.yml and the workflow as GitHub's schemas and zizmor see them, and as they must fit together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from mldeploy_ci.github.action import _plan_outputs, _result_outputs
from tests.ci.action.conftest import CHECKOUT
from tests.ci.action.expressions import INSERTED
from tests.documents.pages import Page

DATA = CHECKOUT.parent / "shared" / "data" / "github"
ACTION = CHECKOUT / "action.yml"
WORKFLOW = CHECKOUT / ".github" / "workflows" / "deploy.yml"
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$")
PAGE = CHECKOUT / "docs" / "reference" / "action.md"
GUIDE = CHECKOUT / "docs" / "how-to" / "github-action.md"


class Yaml12Loader(yaml.SafeLoader):
    """Reads `on` as a text, as GitHub does."""


Yaml12Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for key, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Yaml12Loader)


def strings(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in strings(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for item in value for found in strings(item, f"{path}[]")]
    return [(path, str(value))]


ACTION_YML = read(ACTION)
WORKFLOW_YML = read(WORKFLOW)
JOBS = WORKFLOW_YML["jobs"]
WORKFLOW_CALL = WORKFLOW_YML["on"]["workflow_call"]


@pytest.mark.parametrize(("path", "schema"), [(ACTION, "github-action.json"), (WORKFLOW, "github-workflow.json")])
def test_it_is_valid_against_the_published_schema(path: Path, schema: str) -> None:
    if not DATA.is_dir():
        pytest.skip("the folder shared/data/github is not beside this checkout")
    validator = Draft7Validator(json.loads((DATA / schema).read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(read(path))] == []


@pytest.mark.parametrize("path", [ACTION, WORKFLOW], ids=["action", "workflow"])
def test_zizmor_finds_nothing(path: Path) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--persona", "auditor", "--format", "json", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == [], done.stdout


@pytest.mark.parametrize("path", [ACTION, WORKFLOW], ids=["action", "workflow"])
def test_actions_of_others_are_pinned_by_commit(path: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses: " in line]
    assert used
    assert [line for line in used if not PINNED.match(line) and not line.startswith("uses: ./")] == []


@pytest.mark.req("D9")
def test_no_expression_stands_in_a_script() -> None:
    scripts = [text for source in (ACTION_YML, WORKFLOW_YML) for path, text in strings(source) if path.endswith(".run")]
    assert scripts
    assert [text for text in scripts if INSERTED.search(text)] == []


def test_every_input_reaches_the_code_and_has_a_text_as_default() -> None:
    handed = {INSERTED.search(value)[1].strip() for value in ACTION_YML["runs"]["steps"][-1]["env"].values()}
    used_elsewhere = {"inputs.python-version"}
    assert {f"inputs.{name}" for name in ACTION_YML["inputs"]} == {
        value for value in handed | used_elsewhere if value.startswith("inputs.")
    }
    assert all(isinstance(one.get("default", ""), str) for one in ACTION_YML["inputs"].values())


COST = {"delta": None, "after": 1.0, "unknown": 1, "currency": "USD", "prices": "", "lines": []}


def test_every_output_is_one_that_the_code_sets() -> None:
    plan = {
        "mutations": 1,
        "digest": "d",
        "cost": COST,
        "encryption": [],
        "changes": [],
        "counts": {},
        "name": "",
        "env": "",
    }
    known = {**_plan_outputs(plan, Path("p")), **_result_outputs({"release": "r1", "url": "u", "endpoint": "e"})}
    assert set(ACTION_YML["outputs"]) == set(known)
    assert known["cost-delta"] == "unknown"


def test_every_input_and_output_is_documented() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (*ACTION_YML["inputs"], *ACTION_YML["outputs"], *WORKFLOW_CALL["inputs"], *WORKFLOW_CALL["outputs"]):
        assert f"| `{name}` |" in page, name


@pytest.mark.parametrize(("marker", "accepted"), [("workflow", WORKFLOW_CALL), ("steps", ACTION_YML)])
def test_the_examples_in_the_guide_use_what_there_is(marker: str, accepted: dict[str, Any]) -> None:
    codes = [code for code in Page(GUIDE).codes() if code.marker == f"<!-- {marker} -->"]
    (example,) = [yaml.load(code.text, Yaml12Loader) for code in codes]
    calls = list(example["jobs"].values()) if marker == "workflow" else example["steps"]
    ours = [call for call in calls if call["uses"].startswith("OWNER/mldeploy")]
    assert ours
    for call in ours:
        required = {name for name, one in accepted["inputs"].items() if one.get("required")}
        assert required <= set(call["with"]) <= set(accepted["inputs"])


def test_the_example_grants_what_the_jobs_of_the_workflow_ask_for() -> None:
    (code,) = [code for code in Page(GUIDE).codes() if code.marker == "<!-- workflow -->"]
    granted = yaml.load(code.text, Yaml12Loader)["jobs"]["prod"]["permissions"]
    assert all(job["permissions"].items() <= granted.items() for job in JOBS.values())


def test_the_workflow_calls_the_action_as_it_is() -> None:
    steps = [step for job in JOBS.values() for step in job["steps"] if step.get("uses", "").startswith("./")]
    assert len(steps) == 2
    for step in steps:
        assert set(step["with"]) <= set(ACTION_YML["inputs"])
    referred = {
        name
        for _path, text in strings(WORKFLOW_YML)
        for name in re.findall(r"steps\.(?:plan|apply)\.outputs\.([\w-]+)", text)
    }
    assert referred <= set(ACTION_YML["outputs"])


@pytest.mark.req("8.12", "8.18")
def test_the_workflow_applies_the_reviewed_digest_after_the_approval_and_never_twice_at_once() -> None:
    apply = JOBS["apply"]
    (step,) = [step for step in apply["steps"] if step.get("id") == "apply"]
    assert step["with"]["mode"] == "apply-plan"
    assert step["with"]["plan-digest"] == "${{ needs.plan.outputs.plan-digest }}"
    assert apply["environment"]["name"] == "${{ inputs.environment }}"
    assert apply["concurrency"]["cancel-in-progress"] is False
    assert WORKFLOW_YML["permissions"] == {}
