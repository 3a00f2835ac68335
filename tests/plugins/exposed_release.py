"""A small model served in a real sandbox, with the cache and the gateway in front as the plugins describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from mldeploy import Context, Observed, Phase, Release, Step, hookimpl
from mldeploy.deployment import Deployment
from mldeploy.doors import Answer
from mldeploy.graph import settle
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.release import load_release
from mldeploy.state_files import FileStateStore
from mldeploy_sagemaker.endpoints import EndpointDriver
from mldeploy_sandbox import client
from tests.sandbox.running_sandbox import Sandbox

NAME = "probe"
ENVIRONMENT = "local"


def release_of(folder: Path, config: Mapping[str, Any], env: str = ENVIRONMENT) -> Release:
    """Return the validated release of a configuration, defaults filled in."""
    file = folder / "release.yaml"
    whole = {"name": NAME, "instance": {"type": "ml.m5.large", "region": "eu-central-1"}, **config}
    file.write_text(json.dumps(whole), encoding="utf-8")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == whole
    return load_release(file, env, load_plugins)


def described(release: Release) -> list[Any]:
    """Return what the plugins under test say about a release: steps and problems."""
    return plugins().describe(release)


def plugins() -> Plugins:
    """Return the plugins under test, and the one that opens the sandbox."""
    found = Plugins()
    for name in ("local", "cache", "api-gateway", "apigee"):
        found.add_installed(name)
    return found


def endpoint_step(configuration: str) -> Step:
    """Return the step that the two plugins refer to as `@endpoint`."""
    spec = {"EndpointConfigName": configuration}
    return Step(
        kind="AWS::SageMaker::Endpoint",
        name=NAME,
        phase=Phase.PROVISION,
        spec=spec,
        provides="endpoint",
        settings={"WaitSeconds": 60, "LogGroupName": f"/aws/sagemaker/Endpoints/{NAME}"},
    )


class ExposedRelease:
    """One project folder with a sandbox of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running = folder / ".mldeploy" / "sandbox"
        self.sandbox = Sandbox(client.ensure(self._running, kept=True), self._running)
        self.configuration = self.sandbox.configure("probe-1", environment={"VERSION": "1"})
        self._aws: Any = None

    def close(self) -> None:
        client.stop(self._running)

    def deployment(self, config: Mapping[str, Any]) -> Deployment:
        """Open the deployment of a configuration, as a command would."""
        release = release_of(self.folder, config)
        loaded = plugins()
        endpoint = SimpleNamespace(mldeploy_drivers=hookimpl(_endpoint_drivers))
        loaded.add("endpoint", lambda: endpoint)  # type: ignore[arg-type, return-value]
        found = [item for item in loaded.describe(release) if isinstance(item, Step)]
        context = Context(
            name=release.name,
            env=release.env,
            root=self.folder,
            config=release.config,
            tags=release.tags,
            find_provider=lambda kind, context: self._provider(loaded, kind, context),
            emit=lambda _event: None,
        )
        return Deployment(
            context=context,
            store=FileStateStore(self.folder / ".mldeploy" / "state" / release.env),
            drivers=loaded.drivers(context),
            steps=settle([endpoint_step(self.configuration), *found]),
            plugins=[],
            keep=3,
            command="test",
        )

    def _provider(self, loaded: Plugins, kind: str, context: Context) -> Any:
        """Open doors as a command does; boto3's clients are made once, because making them is slow."""
        if kind == "aws" and self._aws is None:
            self._aws = loaded.provider(kind, context)
        return self._aws if kind == "aws" else loaded.provider(kind, context)

    def changes(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Return step id → reason of what a run would change."""
        return {change.step.id: change.reason for change in self.deployment(config).plan().mutations}

    def calls(self) -> int:
        """Return how many calls have changed something in the sandbox."""
        status = client.status(self._running)
        assert status is not None
        return status.calls["mutating"]

    def inventory(self) -> list[dict[str, str]]:
        """Return what the sandbox holds apart from the model under test."""
        found = client.inventory(self.sandbox.running)
        return [
            item
            for item in found
            if item["service"] != "ecr"
            and "sagemaker" not in item.values()
            and not item["name"].startswith("/aws/sagemaker/")
        ]


def send(deployment: Deployment, body: object, *, without: str = "", **headers: str) -> Answer:
    """Send a request through the gateway with credentials, one left out or others added."""
    deployment.plan()
    caller = deployment.context.provider("caller")
    sent = {"content-type": "application/json", **caller.credentials()}
    sent.pop(without, None)
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    answer: Answer = caller.send(body if isinstance(body, bytes) else json.dumps(body).encode(), sent)
    return answer


def observed(deployment: Deployment, step_id: str) -> Observed:
    """Return what is live of one step."""
    step = next(step for step in deployment.steps if step.id == step_id)
    found = deployment.drivers[step.kind].read(step)
    assert found is not None
    return found


def _endpoint_drivers(context: Context) -> Mapping[str, Any]:
    return {"AWS::SageMaker::Endpoint": EndpointDriver(context)}
