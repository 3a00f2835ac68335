"""A plugin in a package of its own, installed from wheels into a fresh environment, with no change in the core."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.installation import Environment, build, run

PACKAGE = Path(__file__).with_name("mldeploy-shelf")
RELEASE = """\
name: greeter
type: shelf
expose: {gateway: shelf, auth: {apiKey: false, jwt: false}}
shelf: {answers: table.json}
verify:
  requests:
    - {body: {instances: [hello]}, expect: {contains: world}}
"""

pytestmark = pytest.mark.req("Q13")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("shelf")
    source = shutil.copytree(PACKAGE, folder / PACKAGE.name)
    made = Environment.make(folder / "environment")
    made.install(wheel, build(source, "wheel", folder / "wheels"), "pytest")
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "release.yaml").write_text(RELEASE)
    (tmp_path / "table.json").write_text('{"hello": "world"}')
    return tmp_path


@pytest.mark.full
def test_it_passes_the_contract(environment: Environment) -> None:
    told = run(environment.python, "-m", "pytest", "-q", cwd=environment.folder.parent / PACKAGE.name)
    assert "passed" in told
    assert "skipped" not in told


def test_it_is_listed_with_its_package_and_version(environment: Environment, project: Path) -> None:
    rows = json.loads(environment.mldeploy("plugins", "--json", cwd=project))
    assert {"name": "shelf", "module": "mldeploy_shelf", "distribution": "mldeploy_shelf", "version": "1.0.0"} in rows


def test_its_section_is_in_the_schema_and_validated(environment: Environment, project: Path) -> None:
    schema = json.loads(environment.mldeploy("schema", cwd=project))
    assert schema["properties"]["shelf"]["properties"]["answers"]["default"] == "answers.json"
    environment.mldeploy("validate", cwd=project)
    (project / "release.yaml").write_text(RELEASE.replace("answers:", "anwsers:"))
    with pytest.raises(AssertionError, match=r"release\.yaml:4:9: .*anwsers[\s\S]*answers"):
        environment.mldeploy("validate", cwd=project)


def test_it_deploys_serves_changes_rolls_back_and_goes(environment: Environment, project: Path) -> None:
    def prediction() -> object:
        answer = json.loads(environment.mldeploy("invoke", "hello", "--json", cwd=project))
        return json.loads(answer["body"])["predictions"][0]

    planned = environment.mldeploy("plan", cwd=project)
    assert "+ Shelf::Label/greeter-local" in planned
    assert "Shelf::Item/greeter-local-" in planned
    assert "deployed" in environment.mldeploy("run", cwd=project)
    assert prediction() == "world"
    (project / "table.json").write_text('{"hello": "new world"}')
    environment.mldeploy("run", cwd=project)
    assert prediction() == "new world"
    environment.mldeploy("rollback", cwd=project)
    assert prediction() == "world"
    environment.mldeploy("destroy", cwd=project)
    assert not list((project / "shelf").iterdir())
