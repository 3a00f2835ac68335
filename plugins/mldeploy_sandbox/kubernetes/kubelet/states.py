"""The state of a container, in the API's words.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import Any

from mldeploy_sandbox.kubernetes.preparation import now

State = dict[str, Any]


def waiting(reason: str, message: str = "") -> State:
    """Return the state of a container that is not there yet."""
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def running() -> State:
    """Return the state of a container that has just started."""
    return {"running": {"startedAt": now()}}


def terminated(code: int, started: State, *, killed_for_memory: bool, by_us: bool, container_id: str) -> State:
    """Return the state of a container that has ended.

    Arguments:
        code: of the process; negative when a signal ended it.
        by_us: it was told to end; a KILL that nobody here sent is the kernel's, for want of memory.
    """
    status = 128 - code if code < 0 else code
    out_of_memory = killed_for_memory or (code == -signal.SIGKILL and not by_us)
    reason = "OOMKilled" if out_of_memory else "Completed" if status == 0 else "Error"
    return {
        "terminated": {
            "exitCode": 137 if out_of_memory else status,
            "reason": reason,
            "startedAt": started.get("running", {}).get("startedAt", now()),
            "finishedAt": now(),
            "containerID": container_id,
        }
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """What a pod's status says of one container."""

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    state: State
    last_state: State
    ready: bool = False
    started: bool = False
    restarts: int = 0

    def but(self, **changes: Any) -> ContainerStatus:
        """Return a changed copy."""
        return replace(self, **changes)

    def document(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        } | ({"containerID": self.container_id} if self.container_id else {})
