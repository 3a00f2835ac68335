"""The contract notices what it promises to notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.testing import PluginContract
from tests.conftest import Install

GOOD = """
import socket, subprocess, time, itertools
from mldeploy import Observed, Phase, Ref, Step, hookimpl

COUNT = itertools.count()

@hookimpl
def mldeploy_schema():
    return SCHEMA

@hookimpl
def mldeploy_provision(release):
    yield step(release)

@hookimpl
def mldeploy_drivers(context):
    return {"Good::Thing": Driver(context)}

def step(release):
    return Step(kind="Good::Thing", name=release.resource_name, phase=Phase.PROVISION, spec={"Size": 1})

class Driver:
    def __init__(self, context): ...
    def read(self, step): ...
    def apply(self, step, observed): return {}
    def delete(self, step, observed): ...

SIZE = {"type": "integer", "default": 1, "description": "How large."}
GOOD = {"description": "All of it.", "type": "object", "additionalProperties": False, "properties": {"size": SIZE}}
SCHEMA = {"type": "object", "properties": {"good": GOOD}}
"""


def contract(install: Install, source: str) -> PluginContract:
    """Return the contract of a plugin that is installed under the word `good`."""
    install("good", source)

    class Contract(PluginContract):
        plugin = "good"
        releases = ("name: toy\ngood: {}\n",)
        environment = "dev"

        def make_project(self, folder: Path) -> None:
            (folder / "requirements.txt").write_text("")
            (folder / "Dockerfile").write_text("FROM scratch\n")
            (folder / "model").mkdir(exist_ok=True)
            (folder / "model" / "weights.json").write_text("[]")

    return Contract()


CHECKS = [
    name for name in vars(PluginContract) if name.startswith("test_") and "life" not in name and "world" not in name
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_plugin_passes(install: Install, tmp_path: Path, check: str) -> None:
    run(contract(install, GOOD), check, tmp_path)


@pytest.mark.parametrize(
    ("check", "old", "new", "told"),
    [
        ("hook", "@hookimpl\ndef mldeploy_schema", "def mldeploy_schema", "without @hookimpl: mldeploy_schema"),
        ("hook", "def step(", "def mldeploy_stepp(r): ...\n\ndef step(", "unknown hooks: mldeploy_stepp"),
        ("schema", '"additionalProperties": False, ', "", "good is open"),
        ("schema", ', "description": "How large."', "", "good.size has no description"),
        ("schema", '"default": 1', '"default": "one"', "the default of good.size does not fit"),
        ("schema", '"type": "integer"', '"type": "whole"', "not a JSON Schema"),
        ("schema", '{"good": GOOD}', '{"name": GOOD}', "both own 'name'"),
        ("pure", '{"Size": 1}', '{"Size": next(COUNT)}', "differently the second time"),
        (
            "pure",
            "yield step(release)",
            'socket.create_connection(("127.0.0.1", 9)); yield step(release)',
            "the network",
        ),
        ("pure", "yield step(release)", '(release.root / "x").touch(); yield step(release)', "changed files: x"),
        ("data", '{"Size": 1}', '{"Size": (1, 2)}', "spec.Size is a tuple"),
        ("data", '{"Size": 1}', '{"Size": float("inf")}', "spec.Size is inf"),
        ("data", '{"Size": 1}', '{1: "Size"}', "the key 1"),
        ("data", 'spec={"Size": 1}', 'settings={"R": Ref("a/b", "Id")}', "settings.R holds a Ref"),
        ("data", '"Good::Thing", name', '"thing", name', "a kind is"),
        ("data", "name=release.resource_name", 'name="two words"', "without white space"),
        ("data", "name=release.resource_name", "name=release.resource_name * 8", "characters"),
        ("driver", '{"Good::Thing": Driver(context)}', "{}", "no driver for Good::Thing"),
        ("driver", "def read(self, step): ...", "", "has no method read"),
        ("driver", "def apply(self, step, observed)", "def apply(self, step)", "cannot be called with 2 arguments"),
        (
            "driver",
            "def __init__(self, context): ...",
            'def __init__(self, c): c.provider("aws")',
            "opened the door 'aws'",
        ),
        ("record", 'spec={"Size": 1}', 'settings={"Size": (1, 2)}', "changes when it is recorded"),
        ("heavy", "import socket", "import boto3, socket", "imported: boto3 botocore"),
    ],
)
def test_a_fault_is_noticed_and_named(
    install: Install, tmp_path: Path, check: str, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    (name,) = [name for name in CHECKS if check in name]
    with pytest.raises(Exception, match=told):
        run(contract(install, GOOD.replace(old, new)), name, tmp_path)


def run(tested: PluginContract, check: str, tmp_path: Path) -> None:
    """Call one check as pytest would."""
    method = getattr(tested, check)
    method(tmp_path) if "tmp_path" in method.__code__.co_varnames else method()
