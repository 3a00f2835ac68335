"""Every fault that is planted in an orb that is right is found, at its place, and nothing else is reported."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from mldeploy.yaml.positions import Document
from mldeploy_ci.lint import Rules, lint
from mldeploy_ci.sources import Source
from tests.ci.orb.conftest import SAMPLE

FOLDER = Path(__file__).parent
PLANTED = yaml.safe_load((FOLDER / "planted_faults.yaml").read_text(encoding="utf-8"))
SCHEMA_FAULTS = yaml.safe_load((FOLDER / "schema_faults.yaml").read_text(encoding="utf-8"))


def planted(fault: dict) -> str:
    assert SAMPLE.count(fault["old"]) == 1, "the sample holds this not exactly once"
    return SAMPLE.replace(fault["old"], fault["new"])


def lines_of(findings, rule: str, text: str) -> list[str]:
    return [text.splitlines()[found.position.line - 1] for found in findings if found.rule == rule]


def test_the_sample_is_right(lint_text, schema):
    assert lint_text(SAMPLE, schema=schema, release="v1.2.3") == []


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found_at_its_place(fault, lint_text):
    text = planted(fault)
    findings = lint_text(text)
    assert sorted({finding.rule for finding in findings}) == sorted(fault["rules"])
    assert any(fault["at"] in line for line in lines_of(findings, fault["rules"][0], text))


@pytest.mark.parametrize("fault", SCHEMA_FAULTS, ids=lambda fault: fault["fault"])
def test_a_fault_is_found_by_the_schema(fault, lint_text, schema):
    text = planted(fault)
    lines = lines_of(lint_text(text, schema=schema), "schema", text)
    assert any(fault["at"] in line for line in lines), lines


@pytest.mark.parametrize("fault", PLANTED[:5], ids=lambda fault: fault["fault"])
def test_excluded_rules_are_not_reported(fault, lint_text):
    assert lint_text(planted(fault), excluded=frozenset(fault["rules"])) == []


def test_an_orb_without_examples_breaks_rc003(lint_text):
    assert [finding.rule for finding in lint_text(SAMPLE.partition("examples:")[0])] == ["RC003"]


@pytest.mark.parametrize(("release", "rules"), [("v1.9.0", []), ("v2.0.0", ["RC011"]), (None, []), ("nightly", [])])
def test_examples_import_the_major_version_that_is_released(release, rules, lint_text):
    assert [finding.rule for finding in lint_text(SAMPLE, release=release)] == rules


PARSED = yaml.safe_load(SAMPLE)
STRANGE = (
    None,
    1,
    2.5,
    True,
    "",
    "x",
    "<< parameters.x >>",
    [],
    [None],
    [[]],
    {},
    {"a": None},
    {"name": {}},
    {"x/y": []},
)


def places(value, path=()):
    """Every path in the sample."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def replaced(path, strange):
    """The sample with another value at a path."""
    if not path:
        return strange
    orb = copy.deepcopy(PARSED)
    parent = orb
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = strange
    return orb


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_a_value_of_another_shape_breaks_nothing(strange, schema):
    for path in places(PARSED):
        document = Document(file="orb.yml", value=replaced(path, strange), positions={}, keys={})
        rules = Rules(schema=schema if len(path) < 3 else None)  # the schema is slow, and further down shapes repeat
        for finding in lint(Source(document=document), rules):
            assert finding.problem().message
