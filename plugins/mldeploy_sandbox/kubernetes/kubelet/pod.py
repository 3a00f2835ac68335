"""One pod on the node: its containers, its status, and its end."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import urllib3

from mldeploy_sandbox.kubernetes.controllers.access import Access, condition
from mldeploy_sandbox.kubernetes.kubelet.container import Container
from mldeploy_sandbox.kubernetes.preparation import now
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)


class Pod:
    """The containers of one pod."""

    def __init__(self, world: World, access: Access, pod: Document, address: str) -> None:
        self._world = world
        self._access = access
        self._pod = pod
        self._address = address
        self._started = now()
        self._ending = False
        self._reporting = threading.Lock()
        self.containers = [
            Container(world, access, pod, container, self._report) for container in pod["spec"]["containers"]
        ]

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return str(self._pod["metadata"]["uid"])

    def container(self, name: str = "") -> Container | None:
        """Return a container by its name, or the first one."""
        return next((each for each in self.containers if name in {"", each.status.name}), None)

    def start(self) -> None:
        """Start every container."""
        self._report()
        for container in self.containers:
            container.start()

    def end(self, pod: Document) -> None:
        """End what runs within the grace period, and let the object go; on a thread of its own."""
        if not self._ending:
            self._ending = True
            threading.Thread(target=self._end, args=(pod,), name="end of pod", daemon=True).start()

    def stop(self, grace_seconds: float = 0.0) -> None:
        """End what runs; returns when nothing does."""
        for container in self.containers:
            container.stop(grace_seconds)
        shutil.rmtree(self._world.folder / "kubernetes" / "tmp" / self.uid, ignore_errors=True)

    def _end(self, pod: Document) -> None:
        deadline = time.monotonic() + pod["metadata"].get("deletionGracePeriodSeconds", 0)
        for container, spec in zip(self.containers, pod["spec"]["containers"], strict=True):
            self._access.tell(pod, "Killing", f"Stopping container {spec['name']}")
            hook = (spec.get("lifecycle") or {}).get("preStop")
            if hook and "running" in container.status.state:
                _run_hook(hook, container, deadline - time.monotonic())
        stoppers = [threading.Thread(target=each.stop, args=(deadline - time.monotonic(),)) for each in self.containers]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()
        self.stop()
        try:
            self._access.delete(pod, grace_seconds=0)
        except ApiError as error:
            log.debug("pod %s: %s", pod["metadata"]["name"], error)

    def _report(self) -> None:
        """Write the status of the pod from the statuses of its containers."""
        with self._reporting:
            try:
                self._access.set_status(self._pod, self._status())
            except ApiError as error:
                log.debug("pod %s: %s", self._pod["metadata"]["name"], error)

    def _status(self) -> dict[str, Any]:
        statuses = [container.status for container in self.containers]
        metadata = self._pod["metadata"]
        current = self._access.find("Pod", metadata["namespace"], metadata["name"]) or self._pod
        conditions = current.get("status", {}).get("conditions", [])
        unready = [each.name for each in statuses if not each.ready]
        why = f"containers with unready status: [{' '.join(unready)}]" if unready else ""
        reason = "ContainersNotReady" if unready else ""
        conditions = condition(conditions, "Initialized", holds=True, reason="", message="", stamp="")
        for kind in ("ContainersReady", "Ready"):
            conditions = condition(conditions, kind, holds=not unready, reason=reason, message=why, stamp="")
        return {
            "phase": _phase([each.state for each in statuses], self._pod["spec"]["restartPolicy"]),
            "conditions": conditions,
            "containerStatuses": [each.document() for each in statuses],
            "hostIP": "127.0.0.1",
            "hostIPs": [{"ip": "127.0.0.1"}],
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "startTime": self._started,
            "qosClass": _quality(self._pod["spec"]),
        }


def _phase(states: list[dict[str, Any]], restart_policy: str) -> str:
    codes = [state["terminated"]["exitCode"] for state in states if "terminated" in state]
    if len(codes) == len(states) and restart_policy != "Always":
        if not any(codes):
            return "Succeeded"
        if restart_policy == "Never":
            return "Failed"
    created = (
        "ContainerCreating",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
    )
    if any(state.get("waiting", {}).get("reason") in created for state in states):
        return "Pending"
    return "Running"


def _quality(spec: Mapping[str, Any]) -> str:
    """Return the quality of service (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/)."""
    resources = [each.get("resources", {}) for each in spec["containers"]]
    if not any(each.get("limits") or each.get("requests") for each in resources):
        return "BestEffort"
    full = all({"cpu", "memory"} <= set(each.get("limits") or ()) for each in resources)
    same = all(each.get("limits") == each.get("requests") for each in resources)
    return "Guaranteed" if full and same else "Burstable"


def _run_hook(hook: Mapping[str, Any], container: Container, seconds: float) -> None:
    """Run a preStop hook; what it does wrong keeps nothing from ending."""
    around = container.surroundings
    try:
        if "sleep" in hook:
            time.sleep(min(float(hook["sleep"]["seconds"]), max(seconds, 0.0)))
        elif "exec" in hook:
            subprocess.run(
                hook["exec"]["command"],
                env=dict(around.environment),
                cwd=around.folder,
                capture_output=True,
                timeout=max(seconds, 0.1),
                check=False,
            )
        elif "httpGet" in hook:
            url = f"http://127.0.0.1:{around.port_of(hook['httpGet']['port'])}{hook['httpGet'].get('path', '/')}"
            urllib3.request("GET", url, timeout=max(seconds, 0.1), retries=False)
    except (OSError, subprocess.TimeoutExpired, urllib3.exceptions.HTTPError) as error:
        log.info("preStop hook: %s", error)
