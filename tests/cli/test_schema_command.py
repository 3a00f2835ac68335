from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from mldeploy.cli.entry import run_command
from mldeploy.resources import data_folder

PLUGIN = """\
from mldeploy import hookimpl

@hookimpl
def mldeploy_schema():
    return {"properties": {"drift": {"type": "object", "description": "Watch for drift."}}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_schema_is_printed_and_is_the_shipped_one(capsys):
    assert run_command(["schema"]) == 0
    shown = capsys.readouterr().out
    Draft202012Validator.check_schema(json.loads(shown))
    assert shown == (data_folder("schemas") / "release.schema.json").read_text("utf-8")


def test_the_schema_is_written_to_a_file(folder, capsys):
    assert run_command(["schema", "--output", "release.schema.json"]) == 0
    assert capsys.readouterr().out == ""
    assert "cache" in json.loads((folder / "release.schema.json").read_text())["properties"]


def test_a_plugin_beside_the_release_is_in_the_schema(folder, capsys):
    (folder / "mldeploy_plugin.py").write_text(PLUGIN)
    assert run_command(["schema"]) == 0
    assert "drift" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--plugin", "nope"], "plugin 'nope' is not installed"), (["--output", "no/such/folder.json"], "cannot write")],
)
def test_what_cannot_be_done_is_said(capsys, arguments, said):
    assert run_command(["schema", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["name: [", "- x", "name: sentiment\nplugins: [aws]\n"])
def test_a_release_that_is_being_edited_does_not_hinder(folder, capsys, text):
    (folder / "release.yaml").write_text(text)
    assert run_command(["schema"]) == 0
    assert "cache" in json.loads(capsys.readouterr().out)["properties"]
