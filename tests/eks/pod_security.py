"""The Pod Security Standard "Restricted" as a list of findings (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def findings(pod: dict[str, Any]) -> Iterator[str]:
    """Yield what the standard refuses about the spec of a pod."""
    outer = pod.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield key
    for volume in pod.get("volumes", []):
        if not (volume.keys() - {"name"}) <= VOLUMES:
            yield f"volume {volume['name']}"
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        inner = container.get("securityContext", {})
        if inner.get("privileged") or inner.get("allowPrivilegeEscalation") is not False:
            yield "privileges"
        if not inner.get("runAsNonRoot", outer.get("runAsNonRoot")):
            yield "runAsNonRoot"
        if inner.get("runAsUser", outer.get("runAsUser")) == 0:
            yield "runAsUser"
        if inner.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "capabilities"
        profile = inner.get("seccompProfile", outer.get("seccompProfile", {}))
        if profile.get("type") not in {"RuntimeDefault", "Localhost"}:
            yield "seccompProfile"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield "hostPort"
