"""An image in a container engine as a target."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections import deque
from pathlib import Path

import psutil

from mldeploy.errors import UsageError
from mldeploy_contract.targets.engines import buildah_command, buildah_entrypoint, output_of, run_command
from mldeploy_contract.targets.process import KEPT_LINES, RunningProcess, process_tree, resident_bytes
from mldeploy_contract.targets.target import Running, Start
from mldeploy_sandbox.processes import Child, Processes


class ImageTarget:
    """An image that docker or podman runs in a container of its own; port 8080 is mapped to a free one."""

    fixed_port = None

    def __init__(self, processes: Processes, engine: str, image: str) -> None:
        self._processes = processes
        self._engine = engine
        self._image = image
        self.title = f"{image} ({engine})"
        output_of([engine, "image", "inspect", image], f"{engine} finds no image {image}")

    def start(self, start: Start) -> Running:
        """Run the image in the foreground; the engine passes signals on."""
        name = _name()
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        child = _started(self._processes, run_command(self._engine, name, self._image, start), lines)
        return RunningContainer(self._engine, name, child, lines)


class RunningContainer(RunningProcess):
    """The client of docker or podman, and the container that it runs."""

    def __init__(self, engine: str, name: str, child: Child, lines: deque[str]) -> None:
        super().__init__(child, lines)
        self._engine = engine
        self._name = name

    def kill(self) -> None:
        """Remove the container; its client ends with it."""
        subprocess.run([self._engine, "rm", "--force", self._name], capture_output=True, check=False)
        super().kill()

    def memory(self) -> int | None:
        """Return the resident bytes of the container's processes where the engine runs on this machine."""
        command = [self._engine, "inspect", "--format", "{{.State.Pid}}", self._name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        pid = int(done.stdout) if done.stdout.strip().isdigit() else 0
        return resident_bytes(pid) if pid else None

    def ports(self) -> frozenset[int] | None:
        """Return None: the container has a network of its own."""
        return None


class BuildahTarget:
    """An image that buildah runs in chroot isolation, which needs no daemon; it shares this machine's network."""

    def __init__(self, processes: Processes, image: str, *, fixed_port: int | None = None) -> None:
        self._processes = processes
        self._image = image
        self._entrypoint = buildah_entrypoint(image)
        self.title = f"{image} (buildah, chroot)"
        self.fixed_port = fixed_port

    def start(self, start: Start) -> Running:
        """Run the image in a fresh working container."""
        name = _name()
        output_of(["buildah", "from", "--name", name, self._image], f"buildah cannot make a container of {self._image}")
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        child = _started(self._processes, buildah_command(name, self._entrypoint, start), lines)
        return RunningChroot(name, child, lines)


class RunningChroot(RunningProcess):
    """`buildah run` and the program below it."""

    def __init__(self, name: str, child: Child, lines: deque[str]) -> None:
        super().__init__(child, lines)
        self._name = name

    def terminate(self) -> None:
        """Send TERM to the image's own program: the buildah processes around it are not part of a container."""
        for process in process_tree(self._child.pid):
            try:
                if "buildah" not in Path(process.exe()).name:
                    process.terminate()
                    return
            except psutil.Error:  # gone in the meantime
                continue

    def kill(self) -> None:
        """End every process and remove the working container."""
        for process in process_tree(self._child.pid):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        super().kill()
        subprocess.run(["buildah", "rm", self._name], capture_output=True, check=False)


def _started(processes: Processes, command: list[str], lines: deque[str]) -> Child:
    try:
        return processes.start(
            command, name=command[0], environment=dict(os.environ), folder=Path.cwd(), on_line=lines.append
        )
    except OSError as error:
        message = f"{command[0]} cannot be started: {error.strerror or error}"
        raise UsageError(message) from error


def _name() -> str:
    return f"mldeploy-contract-{secrets.token_hex(4)}"
