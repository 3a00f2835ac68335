"""Shipped data is found wherever mldeploy is installed."""

from __future__ import annotations

import pytest

from mldeploy import resources


def test_both_folders_are_found():
    assert (resources.data_folder("schemas") / "base.json").is_file()
    assert (resources.data_folder("service_template") / "Dockerfile").is_file()


def test_a_wheel_keeps_them_beside_the_package(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / "mldeploy"
    (installed / "schemas").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(installed / "resources.py"))
    assert resources.data_folder("schemas") == installed / "schemas"
    with pytest.raises(FileNotFoundError, match="install it again"):
        resources.data_folder("service_template")
