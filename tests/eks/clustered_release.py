"""The eks plugin's own steps on the sandbox's Kubernetes; the images come from the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mldeploy import Context, Observed, Phase, Problem, Step
from mldeploy.deployment import Deployment
from mldeploy.events import Event
from mldeploy.graph import settle
from mldeploy.plugins import Plugins, completed
from mldeploy.state_files import FileStateStore
from mldeploy_cache import mldeploy_provision as describe_cache
from mldeploy_eks import mldeploy_provision
from mldeploy_eks.cluster import Cluster
from mldeploy_eks.kinds import KINDS
from mldeploy_sandbox import client
from tests.eks.releases import NAME, release_of
from tests.sandbox.running_sandbox import REGISTRY, REPOSITORY, SERVICE, Sandbox

OBJECT = f"{NAME}-local"
MISSING = "sha256:" + "0" * 64
"""The digest of no image."""


class ImageDriver:
    """Spec: Version, Source (the program; none for an image that is not there). Outputs: RepositoryUri, Digest."""

    def __init__(self, sandbox: Sandbox, pushed: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._pushed = pushed

    def read(self, step: Step) -> Observed | None:
        return Observed(outputs=self.apply(step, None), looked_up=True) if "Source" in step.spec else None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        if step.spec["Source"] is None:
            return {"RepositoryUri": f"{REGISTRY}/{REPOSITORY}", "Digest": MISSING}
        if step.name not in self._pushed:
            source = f"VERSION = {step.spec['Version']!r}\n{step.spec['Source']}"
            self._pushed[step.name] = self._sandbox.push(source=source)
        repository, _, digest = self._pushed[step.name].partition("@")
        return {"RepositoryUri": repository, "Digest": digest}

    def delete(self, step: Step, observed: Observed) -> None:
        pass


class ClusteredRelease:
    """One project folder with a sandbox of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._pushed: dict[str, str] = {}
        self._running = folder / ".mldeploy" / "sandbox"
        self.sandbox = Sandbox(client.ensure(self._running, kept=True), self._running)
        self.sandbox.cluster(OBJECT)
        self._doors: dict[str, Any] = {}

    def close(self) -> None:
        client.stop(self._running)

    def reset(self) -> None:
        """Forget the doors that a test has opened, and take away what it has deployed."""
        self._doors.pop("kubernetes", None)
        self.deployment().destroy()

    def deployment(
        self, config: Mapping[str, Any] | None = None, *, version: str = "1", source: str | None = SERVICE
    ) -> Deployment:
        """Open the deployment of a configuration, as a command would."""
        release = release_of(self.folder, config)
        loaded = Plugins()
        for name in ("local", "eks", "cache", "aws"):
            loaded.add_installed(name)
        found = [*mldeploy_provision(release), *describe_cache(release)]
        assert not [item for item in found if isinstance(item, Problem) and item.severity == "error"]
        spec = {"Version": version, "Source": source}
        image = Step(kind="mldeploy::ModelImage", name=OBJECT, phase=Phase.BUILD, spec=spec, immutable=True)
        context = Context(
            name=release.name,
            env=release.env,
            root=self.folder,
            config=release.config,
            tags=release.tags,
            find_provider=lambda kind, context: self._door(loaded, kind, context),
            emit=self.events.append,
        )
        images = ImageDriver(self.sandbox, self._pushed)
        return Deployment(
            context=context,
            store=FileStateStore(self.folder / ".mldeploy" / "state" / release.env),
            drivers={**loaded.drivers(context), "mldeploy::ModelImage": images},
            steps=settle([image, *(completed(item) for item in found if isinstance(item, Step))]),
            plugins=[],
            keep=3,
            command="test",
        )

    def run(self, config: Mapping[str, Any] | None = None, **image: Any) -> Deployment:
        """Deploy a configuration."""
        opened = self.deployment(config, **image)
        opened.run()
        return opened

    def changes(self, config: Mapping[str, Any] | None = None, **image: Any) -> dict[str, str]:
        """Return step id → reason of what a run would change."""
        return {change.step.id: change.reason for change in self.deployment(config, **image).plan().mutations}

    @property
    def cluster(self) -> Cluster:
        """The cluster, as somebody else may use it, too."""
        found: Cluster = self.deployment().context.provider("kubernetes")
        return found

    def live(self, kind: str = "Deployment", name: str = OBJECT) -> dict[str, Any]:
        found = self.cluster.get(kind, name)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def left(self, cluster: Cluster | None = None) -> list[str]:
        """Return what the namespace holds of the release, as `kind name`."""
        cluster = cluster or self.cluster
        kinds = [kind for kind, found in KINDS.items() if found.namespaced and kind not in {"Event"}]
        items = [(kind, item["metadata"]["name"]) for kind in kinds for item in cluster.listed(kind)]
        return sorted(f"{kind} {name}" for kind, name in items if NAME in name)

    def patch(self, path: str, body: Any, *, manager: str = "kubectl") -> None:
        """Change something as another manager, by a JSON merge patch."""
        answer = self.cluster._http.patch(
            path,
            params={"fieldManager": manager},
            content=json.dumps(body),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.status_code == 200, answer.text

    def told(self) -> list[str]:
        """Return what was said while the deployment changed."""
        return [event.message for event in self.events if event.state == "progress"]

    def _door(self, loaded: Plugins, kind: str, context: Context) -> Any:
        """Open doors as a command does, but each one once."""
        if kind not in self._doors:
            self._doors[kind] = loaded.provider(kind, context)
        return self._doors[kind]
