from __future__ import annotations

import json

import pytest

from mldeploy.cli.entry import run_command
from mldeploy.yaml.positions import parse_document

RELEASE = """\
name: sentiment
cache: {enabled: true}
environments:
  dev:
    instance: {count: 2}
"""


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Run a command in a project and return what it prints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text(RELEASE)

    def shown(*arguments):
        assert run_command(arguments) == 0
        return capsys.readouterr().out

    return shown


@pytest.mark.req("3.12")
def test_the_merged_view_is_yaml_that_can_be_read_back(shown):
    config = parse_document(shown("config", "--env", "dev"), "shown.yaml").value
    assert config["instance"]["count"] == 2
    assert config["cache"]["ttl"] == 3600
    assert config == json.loads(shown("config", "--env", "dev", "--json"))


def test_each_value_is_shown_with_its_origin(shown):
    lines = shown("config", "--env", "dev", "--origin").splitlines()
    origins = {line.split(": ")[0]: line.split("  ")[-1].strip() for line in lines}
    assert origins["name"] == "release.yaml:1:7"
    assert origins["instance.count"] == "environments.dev release.yaml:5:23"
    assert origins["cache.ttl"] == "default"
    assert origins["expose.gateway"] == "default"


def test_origins_as_json(shown):
    rows = {row["path"]: row for row in json.loads(shown("config", "--origin", "--json"))}
    assert rows["image.builder"] == {
        "path": "image.builder",
        "value": "process",
        "origin": "default for environment local",
    }
    assert rows["tags"]["value"] == {}


def test_a_broken_file_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text("name: sentiment\nchache: {}\n")
    assert run_command(["config"]) == 3
    assert "did you mean 'cache'?" in capsys.readouterr().err


@pytest.mark.req("3.1", "3.12")
def test_a_gateway_on_the_command_line_takes_the_place_of_the_file_s(shown, tmp_path):
    (tmp_path / "release.yaml").write_text(f"{RELEASE}    expose: {{gateway: api-gateway}}\n")

    rows = {
        row["path"]: row
        for row in json.loads(shown("config", "-e", "dev", "--gateway", "apigee", "--origin", "--json"))
    }

    gateway = rows["expose.gateway"]
    assert (gateway["value"], gateway["origin"]) == ("apigee", "--gateway")
    assert rows["instance.count"]["origin"] == "environments.dev release.yaml:5:23", "everything else stays"
    assert "apigee.readySeconds" in rows, "its plugin is loaded"


@pytest.mark.req("3.12")
def test_a_gateway_on_the_command_line_hides_no_error_of_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text("name: sentiment\nenvironments: {local: {expose: [1]}}\n")

    assert run_command(["config", "--gateway", "apigee"]) == 3
    assert "release.yaml:2:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["config", "validate", "plan", "run"])
def test_an_unknown_gateway_is_a_wrong_command_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text(RELEASE)

    assert run_command([command, "--gateway", "apige"]) == 2
    said = capsys.readouterr().err
    assert "--gateway: no plugin 'apige' is installed" in said
    assert "did you mean 'apigee'?" in said


def test_a_plugin_that_lets_nobody_in_is_no_gateway(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text(RELEASE)

    assert run_command(["validate", "--gateway", "cache"]) == 2
    assert "the plugin 'cache' is no gateway" in capsys.readouterr().err


def test_what_the_other_gateway_cannot_keep_is_said_at_its_place(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    issuer = "expose: {auth: {issuer: 'https://login.example.com/'}}"
    (tmp_path / "release.yaml").write_text(f"name: sentiment\n{issuer}\n")

    assert run_command(["validate", "--gateway", "api-gateway"]) == 3
    assert "release.yaml:2:25: error" in capsys.readouterr().err
    assert run_command(["validate", "--gateway", "apigee"]) == 0
