"""The pipelines that `init` writes are valid, by the vendors' schemas and the field's linters, for every project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mldeploy.cli.entry import run_command
from mldeploy.pipelines import PROMOTION, pipeline_files
from tests.installation import ROOT

SCHEMAS = {
    ".circleci": ROOT.parent / "shared/data/circleci/circleci-schema.json",
    ".github": ROOT.parent / "shared/data/github/github-workflow.json",
}
FILES = {path: content.decode() for path, content in pipeline_files("reviews", PROMOTION)}
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
TOKENS = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)


def read(text: str) -> Any:
    """Return YAML with the key `on` as it is."""
    document = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in document.items()}


def program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return found or pytest.skip(f"{name} is not installed")


def scripts(value: Any) -> Iterator[str]:
    """Yield every script in a pipeline."""
    if isinstance(value, Mapping):
        yield from (value[key] for key in ("run", "command") if isinstance(value.get(key), str))
        yield from (script for item in value.values() for script in scripts(item))
    elif isinstance(value, list):
        yield from (script for item in value for script in scripts(item))


def jobs(path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read(FILES[path])["jobs"]
    return found


def test_these_are_the_pipelines() -> None:
    assert sorted(FILES) == [
        ".circleci/config.yml",
        ".circleci/deploy.yml",
        ".circleci/rollback.yml",
        ".github/workflows/mldeploy-deploy.yml",
        ".github/workflows/mldeploy-environment.yml",
        ".github/workflows/mldeploy-rollback.yml",
        ".github/workflows/mldeploy.yml",
    ]


@pytest.mark.req("1.5")
@pytest.mark.parametrize("path", FILES)
def test_each_fits_its_vendors_schema(path: str) -> None:
    schema = SCHEMAS[path.partition("/")[0]]
    if not schema.is_file():
        pytest.skip(f"{schema.name} is not beside this checkout")
    jsonschema.validate(read(FILES[path]), json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith(".circleci")])
def test_our_own_lint_finds_nothing(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yml"
    file.write_text(FILES[path])
    schema = ["--schema", str(SCHEMAS[".circleci"])] if SCHEMAS[".circleci"].is_file() else []
    assert run_command(["ci", "lint", str(file), *schema]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = [program("zizmor"), "--offline", "--persona", "auditor", "--no-progress", "--format", "json", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == [], done.stdout
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FILES)
def test_scripts_are_clean_and_nothing_is_interpolated_into_them(path: str) -> None:
    for script in scripts(read(FILES[path])):
        assert "${{" not in script
        assert "<<" not in script
        assert not re.search(r"\beval\b", script)
        text = f"#!/bin/bash\n{script}\n"
        done = subprocess.run(
            [program("shellcheck"), "-"], input=text, capture_output=True, text=True, check=False, encoding="utf-8"
        )
        assert done.returncode == 0, script + done.stdout


@pytest.mark.req("8.7")
def test_a_plan_is_made_and_approved_before_each_deployment() -> None:
    requires = {}
    for entry in read(FILES[".circleci/config.yml"])["workflows"]["release"]["jobs"]:
        if isinstance(entry, Mapping):
            ((kind, arguments),) = entry.items()
            requires[arguments.get("name", kind)] = arguments["requires"]
            assert kind == "scan" or arguments["filters"] == {"branches": {"only": "main"}}
    assert requires["scan"] == ["test"]
    assert requires["plan-dev"] == ["scan"]
    for before, name in zip((None, *PROMOTION), PROMOTION, strict=False):
        assert requires[f"approve-{name}"] == [f"plan-{name}"]
        assert requires[f"deploy-{name}"] == [f"approve-{name}"]
        assert before is None or requires[f"plan-{name}"] == [f"deploy-{before}"]


@pytest.mark.req("8.18")
def test_deployments_and_rollbacks_of_one_environment_wait_for_each_other() -> None:
    groups: dict[str, set[str]] = {name: set() for name in PROMOTION}
    for path in (".circleci/config.yml", ".circleci/deploy.yml", ".circleci/rollback.yml"):
        for workflow in read(FILES[path])["workflows"].values():
            for entry in workflow["jobs"]:
                ((kind, arguments),) = entry.items() if isinstance(entry, Mapping) else ((entry, {}),)
                if kind in ("deploy", "roll_back"):
                    groups[arguments["environment"]].add(arguments["serial-group"])
    assert all(len(group) == 1 for group in groups.values()), groups
    assert len(set.union(*groups.values())) == len(PROMOTION)
    workflows = (("mldeploy-environment", "deploy"), ("mldeploy-rollback", "roll-back"))
    waiting = [jobs(f".github/workflows/{file}.yml")[job]["concurrency"] for file, job in workflows]
    group = "reviews-${{ inputs.environment }}"
    assert waiting == [{"group": group, "cancel-in-progress": False, "queue": "max"}] * 2


def test_workflows_get_no_more_rights_than_they_need_and_pin_what_they_use() -> None:
    for path, text in FILES.items():
        if not path.startswith(".github"):
            continue
        document = read(text)
        assert document["permissions"] == {}
        for name, job in document["jobs"].items():
            assert set(job["permissions"].items()) <= {("contents", "read"), ("id-token", "write")}, name
            used = [step["uses"] for step in job.get("steps", []) if "uses" in step]
            assert all(PINNED.match(action) for action in used), used


@pytest.mark.req("8.13")
def test_there_are_no_static_keys() -> None:
    for path, text in FILES.items():
        assert not re.search(r"SECRET_ACCESS_KEY|GOOGLE_CREDENTIALS|service_account_key|credentials_json", text), path
        assert set(re.findall(r"secrets\.(\w+)", text)) <= {"SONAR_TOKEN"}


@settings(max_examples=20, deadline=None)
@example("yes", ["test", "on", "no", "null"])
@given(TOKENS.filter(lambda name: 3 <= len(name) <= 32), st.lists(TOKENS, min_size=1, max_size=5, unique=True))
def test_names_stay_names_whatever_they_are(name: str, environments: list[str]) -> None:
    """Names such as `on`, `no` or `null` are YAML's own words elsewhere."""
    found = {path: read(content.decode()) for path, content in pipeline_files(name, environments)}
    parameter = found[".circleci/deploy.yml"]["parameters"]["environment"]
    assert parameter["enum"] == ["", *environments]
    entries = found[".circleci/config.yml"]["workflows"]["release"]["jobs"]
    deploys = [entry["deploy"] for entry in entries if isinstance(entry, Mapping) and "deploy" in entry]
    assert [one["environment"] for one in deploys] == environments
    assert [one["context"] for one in deploys] == [f"{name}-{environment}" for environment in environments]
    stages = found[".github/workflows/mldeploy.yml"]["jobs"]
    assert {"test", "scan", "review", *(f"deploy-{environment}" for environment in environments)} == set(stages)
    assert [job["with"]["environment"] for job in stages.values() if "with" in job][1:] == environments
