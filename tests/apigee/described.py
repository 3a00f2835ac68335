"""A release behind Apigee as the plugin describes it, and the files of its bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mldeploy import Problem, Ref, Release, Step
from mldeploy.graph import replace_refs
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.release import load_release
from mldeploy_apigee.bundle.archive import bundle_files
from mldeploy_gateway.intrinsics import evaluated

NAME = "probe"
KINDS = ("mldeploy::OpenIdIssuer",)
"""Steps of the plugin that make nothing in Apigee."""
AWS_OUTPUTS = {
    "ApiKeyId": "key-1",
    "BasePath": "/local",
    "ClientId": "client1",
    "Encrypted": True,
    "Host": "abc123.execute-api.eu-central-1.amazonaws.com",
    "Port": 443,
    "ProviderURL": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
    "JwksUri": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc/.well-known/jwks.json",
}
"""What the steps of AWS would give to those of Apigee."""


def release_of(folder: Path, config: Mapping[str, Any], env: str = "local") -> tuple[Release, list[Any]]:
    """Return a validated release behind Apigee, and what all of its plugins say about it."""
    whole = {
        "name": NAME,
        "instance": {"type": "ml.m5.large", "region": "eu-central-1"},
        **config,
        "expose": {"gateway": "apigee", **config.get("expose", {})},
    }
    file = folder / "release.yaml"
    file.write_text(json.dumps(whole), encoding="utf-8")
    loaded: list[Plugins] = []

    def load(names: Any, root: Path) -> Plugins:
        loaded.append(load_plugins(names, root))
        return loaded[-1]

    release = load_release(file, env, load)
    return release, loaded[-1].describe(release)


def problems_of(folder: Path, config: Mapping[str, Any], env: str = "local") -> list[Problem]:
    """Return what the plugin says about `expose` and `apigee`."""
    found = release_of(folder, config, env)[1]
    return [item for item in found if isinstance(item, Problem) and item.path[:1] in {("expose",), ("apigee",)}]


def apigee_steps(folder: Path, config: Mapping[str, Any], outputs: Mapping[str, Any] = AWS_OUTPUTS) -> list[Step]:
    """Return the steps of Apigee, with values in place of what the steps of AWS would give them."""
    steps = [item for item in release_of(folder, config)[1] if isinstance(item, Step)]
    return [with_outputs(step, outputs) for step in steps if step.kind in KINDS or step.kind.startswith("Apigee::")]


def with_outputs(step: Step, outputs: Mapping[str, Any]) -> Step:
    known = {ref: outputs[ref.key] for ref in step.refs() if ref.step.startswith("AWS::") and ref.key in outputs}
    return replace(step, spec=replace_refs(step.spec, known))


def bundle_of(folder: Path, config: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of the bundle of a configuration."""
    revision = next(step for step in apigee_steps(folder, config) if step.kind == "Apigee::Revision")
    names = {ref: ref.step.partition("/")[2] for ref in revision.refs() if ref.key == Ref.NAME}
    spec = replace_refs(revision.spec, names)
    return bundle_files(spec["api"], spec["basePath"], "a test", evaluated(spec["files"], "eu-central-1"))
