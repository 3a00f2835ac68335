"""A new project's files hold the answers and nothing else, whatever the answers are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mldeploy.plugins import load_plugins
from mldeploy.release import load_release
from mldeploy.scaffold.files import STATIC_PART, project_files, release_text
from mldeploy.scaffold.project import release_document
from mldeploy.scaffold.questions import Questionnaire
from mldeploy.yaml.positions import parse_document
from mldeploy.yaml.writing import to_yaml

QUESTIONNAIRE = Questionnaire("sagemaker")
TEAM_CHARACTERS = "".join(chr(code) for code in range(32, 127) if re.match(r"[A-Za-z0-9 _.:/=+@-]", chr(code)))


def document_with(**answers):
    answers = {key.replace("__", "."): value for key, value in answers.items()}
    return release_document("demo", "sagemaker", "local", answers, QUESTIONNAIRE.questions)


def files_with(**answers):
    return dict(project_files("demo", "dev", document_with(**answers), QUESTIONNAIRE.schema, answers))


HOSTILE = [
    "no",
    "null",
    "0o14",
    "1e3",
    "2024-99-99",
    "12:30:45",
    "- a",
    "a: b",
    "=",
    "@x",
    "a #b",
    "true",
    " x ",
    "0x10",
]


@pytest.mark.req("3.9")
@pytest.mark.parametrize("team", HOSTILE)
def test_a_team_that_looks_like_yaml_stays_a_text(team):
    read = parse_document(release_text(document_with(team=team)), "release.yaml").value
    assert read["team"] == team
    assert set(read) == {"name", "type", "team", "model", "expose", "verify", "environments"}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=TEAM_CHARACTERS, min_size=1, max_size=128))
def test_no_team_name_that_the_schema_takes_adds_a_node(team):
    assert not QUESTIONNAIRE.problems("team", team)
    expected = parse_document(release_text(document_with(team="x")), "release.yaml").value | {"team": team}
    assert parse_document(release_text(document_with(team=team)), "release.yaml").value == expected


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.text() | st.integers() | st.booleans(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=8
    )
)
def test_what_is_written_as_yaml_is_read_back_the_same(value):
    assert yaml.safe_load(to_yaml({"answers": value})) == {"answers": value}


def test_teams_with_line_breaks_are_refused_before_anything_is_rendered():
    for team in ("x\nRUN evil", "x\r\nname: other", "x\x00"):
        assert QUESTIONNAIRE.problems("team", team)


def test_answers_reach_no_text_template():
    plain, hostile = files_with(team="x"), files_with(team="RUN evil")
    changed = {path for path in plain if plain[path] != hostile[path]}
    assert changed == {"release.yaml", ".mldeploy-answers.yaml", ".mldeploy-template.tar.xz"}


def test_nothing_is_left_unrendered_and_nothing_internal_is_shipped():
    files = files_with()
    assert not [path for path in files if path.endswith(".jinja") or path == STATIC_PART or "__pycache__" in path]
    assert b"{{" not in files["README.md"]
    assert {".gitignore", ".dockerignore", ".circleci/config.yml", ".github/workflows/mldeploy.yml"} <= set(files)


def test_files_do_not_name_this_machine_or_its_index():
    checkout = str(Path(__file__).parents[2]).encode()
    for path, content in files_with().items():
        assert checkout not in content, path
        assert not re.search(rb"index-url|find-links|file://", content), path


@pytest.mark.req("3.11")
def test_editors_find_the_schema_beside_release_yaml():
    files = files_with()
    first_line = files["release.yaml"].decode().splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=./release.schema.json"
    assert json.loads(files["release.schema.json"])["properties"]["instance"]


def test_production_gets_its_own_defaults_where_the_answer_is_lower():
    document = document_with(instance__count=1, autoscaling__minInstances=3)
    assert document["environments"] == {"dev": {}, "qa": {}, "staging": {}, "prod": {"instance": {"count": 2}}}


def test_the_release_loads_in_every_environment(tmp_path: Path):
    for path, content in files_with(instance__region="eu-west-1", cache__enabled=True).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    for env in ("local", "dev", "qa", "staging", "prod"):
        release = load_release(tmp_path / "release.yaml", env, load_plugins)
        assert release.value("instance.region") == "eu-west-1"


def test_an_apigee_organization_is_for_the_last_two_environments_and_brings_its_extra():
    document = document_with(apigee__organization="my-company-apis")
    files = files_with(apigee__organization="my-company-apis")

    behind = {name for name, overlay in document["environments"].items() if "apigee" in overlay}
    assert behind == {"staging", "prod"}
    assert document["environments"]["prod"]["expose"] == {"gateway": "apigee"}
    assert "apigee" not in document
    assert files["requirements-deploy.txt"].startswith(b"mldeploy[apigee]==")
