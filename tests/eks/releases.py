"""Releases of type eks: written, loaded, described."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mldeploy import Problem, Release, Step
from mldeploy.plugins import load_plugins
from mldeploy.release import load_release
from mldeploy_eks import mldeploy_provision
from mldeploy_eks.render import rendered

NAME = "probe"


def release_of(folder: Path, config: Mapping[str, Any] | None = None, env: str = "local") -> Release:
    """Return the validated release of a configuration."""
    whole = {"name": NAME, "type": "eks", "instance": {"region": "eu-central-1"}, **(config or {})}
    whole["expose"] = {"gateway": "api-gateway", **whole.get("expose", {})}
    file = folder / "release.yaml"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return load_release(file, env, load_plugins)


def problems_of(folder: Path, config: Mapping[str, Any], env: str = "local") -> dict[str, str]:
    """Return dotted key → message of what is wrong with a release."""
    found = mldeploy_provision(release_of(folder, config, env))
    return {".".join(map(str, item.path)): item.message for item in found if isinstance(item, Problem)}


def manifests_of(folder: Path, config: Mapping[str, Any] | None = None, env: str = "local") -> list[dict[str, Any]]:
    """Return the manifests of a release, as `mldeploy render` prints them."""
    found = list(mldeploy_provision(release_of(folder, config, env)))
    wrong = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    assert wrong == []
    return rendered([item for item in found if isinstance(item, Step)], lambda _step: {})


def by_kind(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {found["kind"]: found for found in manifests}


def pod_of(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the spec of the pods."""
    found: dict[str, Any] = by_kind(manifests)["Deployment"]["spec"]["template"]["spec"]
    return found
