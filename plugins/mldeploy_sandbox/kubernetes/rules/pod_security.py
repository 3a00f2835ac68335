"""Pod Security admission: the profiles "baseline" and "restricted", enforced by a label of the namespace.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

ENFORCE = "pod-security.kubernetes.io/enforce"
BASELINE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
        "name",
    ]
)
Mapped = Mapping[str, Any]


def violations(spec: Mapped, namespace_labels: Mapping[str, str]) -> str:
    """Return what a pod violates, in the words of the admission plugin; or nothing."""
    profile = namespace_labels.get(ENFORCE, "privileged")
    if profile == "privileged":
        return ""
    rules = (*BASELINE, *(RESTRICTED if profile == "restricted" else BASELINE_ONLY))
    found = [text for rule in rules for text in rule(spec)]
    version = namespace_labels.get(f"{ENFORCE}-version", "latest")
    return f'violates PodSecurity "{profile}:{version}": {", ".join(found)}' if found else ""


def _containers(spec: Mapped) -> list[Mapped]:
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def _named(spec: Mapped, bad: Callable[[Mapped], bool]) -> str:
    names = [f'"{each["name"]}"' for each in _containers(spec) if bad(each.get("securityContext") or {})]
    return f"container{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""


def _host_namespaces(spec: Mapped) -> Iterator[str]:
    used = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    if used:
        yield f"host namespaces ({', '.join(used)})"


def _privileged(spec: Mapped) -> Iterator[str]:
    names = _named(spec, lambda context: bool(context.get("privileged")))
    if names:
        yield f"privileged ({names} must not set securityContext.privileged=true)"


def _added(spec: Mapped, allowed: frozenset[str]) -> list[str]:
    """Return what is wrong with the capabilities that containers add."""
    found = []
    for container in _containers(spec):
        asked = ((container.get("securityContext") or {}).get("capabilities") or {}).get("add", ())
        bad = ", ".join(f'"{each}"' for each in sorted(set(asked) - allowed))
        if bad:
            found.append(f'container "{container["name"]}" must not include {bad} in securityContext.capabilities.add')
    return found


def _baseline_capabilities(spec: Mapped) -> Iterator[str]:
    found = _added(spec, BASELINE_CAPABILITIES)
    if found:
        yield f"non-default capabilities ({'; '.join(found)})"


def _host_paths(spec: Mapped) -> Iterator[str]:
    names = [f'"{each["name"]}"' for each in spec.get("volumes", ()) if "hostPath" in each]
    if names:
        yield f"hostPath volumes (volume{'s' if len(names) > 1 else ''} {', '.join(names)})"


def _host_ports(spec: Mapped) -> Iterator[str]:
    names = [
        f'"{each["name"]}"' for each in _containers(spec) if any(port.get("hostPort") for port in each.get("ports", ()))
    ]
    if names:
        yield f"hostPort (container {', '.join(names)} uses hostPorts)"


def _volume_types(spec: Mapped) -> Iterator[str]:
    for volume in spec.get("volumes", ()):
        for kind in sorted(set(volume) - VOLUMES):
            yield f'restricted volume types (volume "{volume["name"]}" uses restricted volume type "{kind}")'


def _escalation(spec: Mapped) -> Iterator[str]:
    names = _named(spec, lambda context: context.get("allowPrivilegeEscalation") is not False)
    if names:
        yield f"allowPrivilegeEscalation != false ({names} must set securityContext.allowPrivilegeEscalation=false)"


def _capabilities(spec: Mapped) -> Iterator[str]:
    names = _named(spec, lambda context: "ALL" not in (context.get("capabilities") or {}).get("drop", ()))
    found = [f'{names} must set securityContext.capabilities.drop=["ALL"]'] if names else []
    found += _added(spec, frozenset({"NET_BIND_SERVICE"}))
    if found:
        yield f"unrestricted capabilities ({'; '.join(found)})"


def _non_root(spec: Mapped) -> Iterator[str]:
    of_pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    names = _named(spec, lambda context: context.get("runAsNonRoot", of_pod) is not True)
    if names:
        yield f"runAsNonRoot != true (pod or {names} must set securityContext.runAsNonRoot=true)"


def _root_user(spec: Mapped) -> Iterator[str]:
    if (spec.get("securityContext") or {}).get("runAsUser") == 0:
        yield "runAsUser=0 (pod must not set runAsUser=0)"
    names = _named(spec, lambda context: context.get("runAsUser") == 0)
    if names:
        yield f"runAsUser=0 ({names} must not set runAsUser=0)"


def _seccomp(spec: Mapped) -> Iterator[str]:
    allowed = {"RuntimeDefault", "Localhost"}
    of_pod = ((spec.get("securityContext") or {}).get("seccompProfile") or {}).get("type")
    names = _named(spec, lambda context: (context.get("seccompProfile") or {}).get("type", of_pod) not in allowed)
    if names:
        wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        yield f"seccompProfile (pod or {names} {wanted})"


BASELINE = (_host_namespaces, _privileged, _host_ports)
BASELINE_ONLY = (_baseline_capabilities, _host_paths)
RESTRICTED = (_escalation, _capabilities, _volume_types, _non_root, _root_user, _seccomp)
"""Replaces the rules that only "baseline" has by stricter ones."""
