"""One container of a pod: pulled, started, watched, and started again."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.kubernetes.controllers.access import NORMAL, WARNING, Access
from mldeploy_sandbox.kubernetes.kubelet.environment import ConfigError, container_variables, expanded
from mldeploy_sandbox.kubernetes.kubelet.output import Output
from mldeploy_sandbox.kubernetes.kubelet.probes import Surroundings
from mldeploy_sandbox.kubernetes.kubelet.public_images import pulled
from mldeploy_sandbox.kubernetes.kubelet.run import Run, Signs
from mldeploy_sandbox.kubernetes.kubelet.states import ContainerStatus, running, terminated, waiting
from mldeploy_sandbox.kubernetes.kubelet.volumes import MountError, mounted, moved
from mldeploy_sandbox.kubernetes.store import Document
from mldeploy_sandbox.processes import Child, free_port
from mldeploy_sandbox.sagemaker.images import Image, ImageError, Program
from mldeploy_sandbox.workload_environment import workload_environment

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 10.0, 300.0
"""https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"""

QUICK_BACKOFF_SECONDS = 1.0
"""The first pause in plain mode."""

MODEL_FOLDER = "opt/ml/model"
IMAGE_NAME = re.compile(r"[a-z0-9][a-z0-9.:_/-]*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?")


class Container:
    """A container, on a thread of its own; `on_change` is called whenever its status has changed."""

    def __init__(
        self, world: World, access: Access, pod: Document, container: Mapping[str, Any], on_change: Callable[[], None]
    ) -> None:
        self._world = world
        self._access = access
        self._pod = pod
        self._spec = container
        self._on_change = on_change
        self._stop = threading.Event()
        self._child: Child | None = None
        self.port = free_port()
        self.output = Output()
        self.previous: Output | None = None
        self.status = ContainerStatus(
            name=container["name"], image=container["image"], state=waiting("ContainerCreating"), last_state={}
        )
        self._thread = threading.Thread(target=self._live, name=f"container {container['name']}", daemon=True)

    def start(self) -> None:
        """Begin to pull and to run."""
        self._thread.start()

    def stop(self, grace_seconds: float) -> None:
        """End it: TERM, and KILL when the grace period is over; returns when it is gone."""
        self._stop.set()
        if self._child is not None:
            self._world.processes.stop(self._child, patience=max(grace_seconds, 0.0))
        if self._thread.is_alive():
            self._thread.join()

    @property
    def surroundings(self) -> Surroundings:
        """Where its probes and hooks find it."""
        return Surroundings(port_of=self.port_of, environment=self._environment, folder=self._folder)

    def port_of(self, name: Any) -> int:
        """Return the port of the loopback that stands for a port of the container, given by name or number."""
        ports = self._spec.get("ports") or [{}]
        number = next((each["containerPort"] for each in ports if each.get("name") == name), name)
        return self.port if number == ports[0].get("containerPort", number) else int(number)

    def _live(self) -> None:
        pause = FIRST_BACKOFF_SECONDS if self._world.strict else QUICK_BACKOFF_SECONDS
        while not self._stop.is_set():
            try:
                image, program = self._pull()
            except ImageError as error:
                self._wait_for_image(error, pause)
                pause = min(pause * 2, LONGEST_BACKOFF_SECONDS)
                continue
            if not self._run(image, program) or self._stop.is_set():
                return
            self._back_off(pause)
            pause = min(pause * 2, LONGEST_BACKOFF_SECONDS)

    def _pull(self) -> tuple[Image, Program]:
        reference = self._spec["image"]
        if not IMAGE_NAME.fullmatch(reference):
            message = f'couldn\'t parse image name "{reference}": invalid reference format'
            self._set(state=waiting("InvalidImageName", f'Failed to apply default image tag "{reference}": {message}'))
            raise ImageError(message)
        return pulled(self._world, reference)

    def _wait_for_image(self, error: ImageError, pause: float) -> None:
        reference = self._spec["image"]
        if self.status.state.get("waiting", {}).get("reason") != "InvalidImageName":
            self._tell("Failed", f'Failed to pull image "{reference}": {error}', WARNING)
            self._tell("Failed", "Error: ErrImagePull", WARNING)
            self._set(state=waiting("ErrImagePull", str(error)))
            self._world.clock.wait(pause / 4, self._stop)
            self._tell("BackOff", f'Back-off pulling image "{reference}"')
            self._tell("Failed", "Error: ImagePullBackOff", WARNING)
            message = f'Back-off pulling image "{reference}": ErrImagePull: {error}'
            self._set(state=waiting("ImagePullBackOff", message))
        self._world.clock.wait(pause, self._stop)

    def _run(self, image: Image, program: Program) -> bool:
        """Run once; tell whether it should run again."""
        self._folder = program.folder
        try:
            self._mounts = mounted(self._access, self._pod, self._spec, self._own_folder)
        except MountError as error:
            self._tell("FailedMount", str(error), WARNING)
            return True
        try:
            self._environment = self._variables(program)
        except ConfigError as error:
            self._set(state=waiting("CreateContainerConfigError", str(error)))
            self._tell("Failed", f"Error: {error}", WARNING)
            return True
        self.output = Output()
        try:
            self._child = self._start(program)
        except OSError as error:
            return self._cannot_start(error)
        started = running()
        self._tell("Started", f"Container started: {self._spec['name']}", NORMAL)
        container_id = f"sandbox://{secrets.token_hex(32)}"
        self._set(state=started, image_id=image.resolved, container_id=container_id)
        signs = Signs(started=lambda: self._set(started=True), ready=self._set_ready, unhealthy=self._unhealthy)
        run = Run(self._child, self._spec, self.surroundings, signs, quick=not self._world.strict)
        must_end = run.watch(self._stop)
        if must_end and not run.out_of_memory:
            name = self._spec["name"]
            self._tell("Killing", f"Container {name} failed liveness probe, will be restarted")
        if must_end:
            grace = 0.0 if run.out_of_memory else float(self._pod["spec"]["terminationGracePeriodSeconds"])
            self._world.processes.stop(self._child, patience=grace)
        code = self._child.wait()
        self.output.end()
        by_us = must_end or self._stop.is_set()
        end = terminated(
            code or 0, started, killed_for_memory=run.out_of_memory, by_us=by_us, container_id=container_id
        )
        self._set(state=end, ready=False, started=False)
        policy = self._pod["spec"]["restartPolicy"]
        return bool(policy == "Always" or (policy == "OnFailure" and end["terminated"]["exitCode"] != 0))

    def _cannot_start(self, error: OSError) -> bool:
        message = f"failed to create containerd task: {error}"
        self._tell("Failed", f"Error: {message}", WARNING)
        self.output.end()
        end = terminated(128, {}, killed_for_memory=False, by_us=False, container_id="")
        end["terminated"] |= {"reason": "StartError", "message": message}
        self._set(state=end, ready=False, started=False)
        return bool(self._pod["spec"]["restartPolicy"] != "Never")

    def _start(self, program: Program) -> Child:
        variables = self._environment
        command = [expanded(each, variables) for each in self._spec.get("command") or program.entrypoint]
        arguments = [moved(expanded(each, variables), self._mounts) for each in self._spec.get("args", ())]
        metadata = self._pod["metadata"]
        return self._world.processes.start(
            [*command, *arguments],
            name=f"pod {metadata['namespace']}/{metadata['name']}/{self._spec['name']}",
            environment=variables,
            folder=program.folder,
            on_line=self.output.add,
        )

    def _variables(self, program: Program) -> dict[str, str]:
        folder = self._own_folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        model = program.root / MODEL_FOLDER
        own = {"HOSTNAME": self._pod["metadata"]["name"], "TMPDIR": str(folder), "HOME": str(folder)}
        own |= {"SM_MODEL_DIR": str(model)} if model.is_dir() else {}
        asked = container_variables(self._access, self._pod, self._spec)
        return workload_environment(
            self._world.base_url, self._world.region, self.port, program.environment, asked, own
        )

    @property
    def _own_folder(self) -> Path:
        return self._world.folder / "kubernetes" / "tmp" / str(self._pod["metadata"]["uid"])

    def _back_off(self, pause: float) -> None:
        """Wait before the next run; what ended becomes the last state."""
        metadata, name = self._pod["metadata"], self._spec["name"]
        whose = f"container={name} pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        if "terminated" in self.status.state:
            message = f"back-off {pause:g}s restarting failed {whose}"
            self._set(state=waiting("CrashLoopBackOff", message), last_state=self.status.state)
            self._tell(
                "BackOff", f"Back-off restarting failed container {name} in pod {whose.split('pod=')[1]}", WARNING
            )
        if not self._world.clock.wait(pause, self._stop) and self._child is not None:
            self.previous = self.output
            self._set(restarts=self.status.restarts + 1)

    def _set_ready(self, ready: bool) -> None:
        self._set(ready=ready)

    def _unhealthy(self, kind: str, problem: str) -> None:
        self._tell("Unhealthy", f"{kind} probe failed: {problem}", WARNING)

    def _set(self, **changes: Any) -> None:
        self.status = self.status.but(**changes)
        self._on_change()

    def _tell(self, reason: str, message: str, kind: str = NORMAL) -> None:
        self._access.tell(self._pod, reason, message, kind)
