from __future__ import annotations

from importlib import metadata
from importlib.metadata import entry_points

import pytest

from mldeploy.entry_points import declared
from tests.conftest import Install


@pytest.mark.parametrize("group", sorted({*entry_points().groups, "nobody.has.this"}))
def test_it_finds_what_importlib_metadata_finds(group: str) -> None:
    expected = {point.name: point.value.partition("[")[0] for point in entry_points(group=group)}
    assert {point.name: point.value for point in declared(group).values()} == expected


def test_odd_but_legal_files_are_read_alike(install: Install) -> None:
    other = "# a = comment\n[other]\nx = y\n\n"
    ours = "[mldeploy]\n# b = c\nodd=package.module:name [extra]\n  far = m  \n"
    install("odd", "", entry_points=other + ours)
    expected = {point.name: (point.module, point.attr) for point in entry_points(group="mldeploy")}
    found = declared("mldeploy")
    assert found["odd"].value == "package.module:name"
    assert found["far"].value == "m"
    assert set(found) == set(expected)


def test_the_distribution_and_version_are_those_of_the_metadata() -> None:
    found = declared("mldeploy")["sagemaker"]
    assert (found.distribution, found.version) == ("mldeploy", metadata.version("mldeploy"))
