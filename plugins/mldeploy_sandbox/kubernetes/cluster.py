"""One cluster: its objects, API server, controllers and node."""

from __future__ import annotations

from pathlib import Path

from mldeploy_sandbox.kubernetes.api.application import Application
from mldeploy_sandbox.kubernetes.authorization import Authorizer
from mldeploy_sandbox.kubernetes.controllers.access import CONTROLLERS, KUBELET, SCHEDULER
from mldeploy_sandbox.kubernetes.controllers.manager import ControllerManager
from mldeploy_sandbox.kubernetes.kubeconfig import write_kubeconfig
from mldeploy_sandbox.kubernetes.kubelet.node import Node
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.preparation import Options
from mldeploy_sandbox.kubernetes.resources import Resources
from mldeploy_sandbox.kubernetes.server import Server
from mldeploy_sandbox.kubernetes.store import Store
from mldeploy_sandbox.world import World

COMPONENTS = ("kube-apiserver", CONTROLLERS, SCHEDULER, KUBELET)
FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Cluster:
    """A running cluster."""

    def __init__(self, world: World, region: str, name: str) -> None:
        folder: Path = world.folder / "kubernetes" / region / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        resources = Resources()
        self.objects = Objects(Store(), resources)
        options = Options(manager="kube-apiserver")
        for namespace in FIRST_NAMESPACES:
            self.objects.create(resources.of_kind("Namespace"), "", {"metadata": {"name": namespace}}, options)
        self.objects.store.forget_history()
        self._node = Node(world, self.objects)
        self._controllers = ControllerManager(self.objects)
        self.server = Server(Application(self.objects, Authorizer(self.objects.store, resources), self._node), folder)
        self.kubeconfig = folder / "kubeconfig"
        write_kubeconfig(self.kubeconfig, name, self.server)

    @property
    def is_used(self) -> bool:
        """Whether anybody but the cluster itself has written an object."""
        return any(
            entry["manager"] not in COMPONENTS
            for _, document in self.objects.store.everything()
            for entry in document["metadata"].get("managedFields", ())
        )

    def close(self) -> None:
        """Stop everything that runs; the objects are gone."""
        self.objects.store.close()
        self.server.close()
        self._controllers.close()
        self._node.close()
