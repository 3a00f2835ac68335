"""The SageMaker plugin's own steps on a real sandbox; image and packed model come from the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mldeploy import Context, Observed, Phase, Problem, Release, Step
from mldeploy.deployment import Deployment
from mldeploy.events import Event
from mldeploy.graph import settle
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.release import load_release
from mldeploy.state_files import FileStateStore
from mldeploy_sagemaker import mldeploy_expose, mldeploy_provision
from mldeploy_sandbox import client
from mldeploy_sandbox.settings import Settings
from tests.sandbox.running_sandbox import REGISTRY, REPOSITORY, SERVICE, Sandbox, tar_gz

NAME = "probe"
ENVIRONMENT = "local"
ENDPOINT = f"{NAME}-{ENVIRONMENT}"
BUCKET = "archives"
ARCHIVE = f"s3://{BUCKET}/model.tar.gz"
INSTANCE = {"type": "ml.m5.large", "region": "eu-central-1"}
DIRECT = {"gateway": "sagemaker", "auth": {"apiKey": False, "jwt": False}}


def release_of(folder: Path, config: Mapping[str, Any], env: str = ENVIRONMENT) -> Release:
    """Return the validated release of a configuration; its model is an archive in S3."""
    whole = {
        "name": NAME,
        "model": {"source": ARCHIVE},
        **config,
        "instance": {**INSTANCE, **config.get("instance", {})},
        "expose": config.get("expose", {"gateway": "api-gateway"}),
    }
    file = folder / "release.yaml"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return load_release(file, env, load_plugins)


def described(folder: Path, config: Mapping[str, Any], env: str = ENVIRONMENT) -> list[Step]:
    """Return the settled steps of a release; its problems, warnings apart, fail the test."""
    release = release_of(folder, config, env)
    found = [*mldeploy_provision(release), *mldeploy_expose(release)]
    problems = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    assert problems == []
    return list(settle([*image_steps("1"), *(item for item in found if isinstance(item, Step))]))


def problems_of(folder: Path, config: Mapping[str, Any], env: str = ENVIRONMENT) -> dict[str, str]:
    """Return dotted key → message of what is wrong with a release."""
    found = mldeploy_provision(release_of(folder, config, env))
    return {".".join(map(str, item.path)): item.message for item in found if isinstance(item, Problem)}


def step_of(steps: list[Step], kind: str) -> Step:
    """Return the only step of a kind."""
    (found,) = (step for step in steps if step.kind.endswith(f"::{kind}"))
    return found


def image_steps(version: str, source: str = SERVICE) -> list[Step]:
    """Return the steps that the image plugin would describe."""
    spec = {"Version": version, "Source": source}
    return [
        Step(kind="test::Repository", name=REPOSITORY, phase=Phase.BUILD, provides="image-repository"),
        Step(kind="test::Image", name=NAME, phase=Phase.BUILD, spec=spec, provides="image", immutable=True),
    ]


class RepositoryDriver:
    """Outputs: Arn."""

    def read(self, step: Step) -> Observed | None:
        return Observed(outputs=self.apply(step, None))

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        return {"Arn": f"arn:aws:ecr:eu-central-1:123456789012:repository/{step.name}"}

    def delete(self, step: Step, observed: Observed) -> None:
        pass


class ImageDriver:
    """Spec: Version, Source. Outputs: ImageUri, Digest."""

    def __init__(self, sandbox: Sandbox, pushed: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._pushed = pushed

    def read(self, step: Step) -> Observed | None:
        return Observed(outputs=self.apply(step, None))

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        if step.name not in self._pushed:
            source = f"VERSION = {step.spec['Version']!r}\n{step.spec['Source']}"
            self._pushed[step.name] = self._sandbox.push(source=source)
        image = self._pushed[step.name]
        return {"ImageUri": image, "Digest": image.removeprefix(f"{REGISTRY}/{REPOSITORY}@")}

    def delete(self, step: Step, observed: Observed) -> None:
        pass


class ServedRelease:
    """One project folder with a sandbox of its own."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        """Start the sandbox; without `settings`, as the environment says."""
        self.folder = folder
        self.events: list[Event] = []
        self._pushed: dict[str, str] = {}
        self._running = folder / ".mldeploy" / "sandbox"
        self.sandbox = Sandbox(client.ensure(self._running, kept=True, settings=settings), self._running)
        s3 = self.sandbox.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        for key in ("model.tar.gz", "second.tar.gz"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=tar_gz({"weights.txt": key}))
        self._aws: Any = None

    def close(self) -> None:
        client.stop(self._running)

    def deployment(
        self, config: Mapping[str, Any] | None = None, *, version: str = "1", source: str = SERVICE
    ) -> Deployment:
        """Open the deployment of a configuration, as a command would."""
        release = release_of(self.folder, config or {})
        loaded = Plugins()
        for name in ("local", "sagemaker"):
            loaded.add_installed(name)
        found = [*mldeploy_provision(release), *mldeploy_expose(release)]
        assert not [item for item in found if isinstance(item, Problem) and item.severity == "error"]
        context = Context(
            name=release.name,
            env=release.env,
            root=self.folder,
            config=release.config,
            tags=release.tags,
            find_provider=lambda kind, context: self._provider(loaded, kind, context),
            emit=self.events.append,
        )
        own = {"test::Repository": RepositoryDriver(), "test::Image": ImageDriver(self.sandbox, self._pushed)}
        return Deployment(
            context=context,
            store=FileStateStore(self.folder / ".mldeploy" / "state" / release.env),
            drivers={**loaded.drivers(context), **own},
            steps=settle([*image_steps(version, source), *(item for item in found if isinstance(item, Step))]),
            plugins=[],
            keep=3,
            command="test",
        )

    def inject(self, plan: str) -> None:
        """Let things go wrong from now on; an empty plan ends that."""
        client.ask(self.sandbox.running, "POST", "faults", {"plan": plan})

    def left(self) -> list[str]:
        """Return the names of what the sandbox still holds of the release."""
        return [item["name"] for item in client.inventory(self.sandbox.running) if NAME in item["name"]]

    def run(self, config: Mapping[str, Any] | None = None, **image: str) -> Deployment:
        """Deploy a configuration."""
        opened = self.deployment(config, **image)
        opened.run()
        return opened

    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return found

    def told(self) -> list[str]:
        """Return what was said about the endpoint while it changed."""
        return [event.message for event in self.events if event.state == "progress" and "Endpoint/" in event.step]

    def _provider(self, loaded: Plugins, kind: str, context: Context) -> Any:
        """Open doors as a command does; clients are made once, because making them is slow."""
        if kind == "aws" and self._aws is None:
            self._aws = loaded.provider(kind, context)
        return self._aws if kind == "aws" else loaded.provider(kind, context)
