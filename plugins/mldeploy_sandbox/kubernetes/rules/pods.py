"""Rules for pods and templates of pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mldeploy_sandbox.kubernetes.rules.metadata import check_name, invalid_value, required_value
from mldeploy_sandbox.kubernetes.status import Cause

VARIABLE = re.compile(r"[ -<>-~]+")
"""Any printable ASCII character but `=` (relaxed environment variable names, on since release 1.32)."""

QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")


def unsupported_value(field: str, value: Any, allowed: Sequence[str]) -> Cause:
    """Return the cause "Unsupported value" in the API server's words."""
    listed = ", ".join(f'"{each}"' for each in allowed)
    message = f'Unsupported value: "{value}": supported values: {listed}'
    return Cause(reason="FieldValueNotSupported", message=message, field=field)


def not_found_value(field: str, value: Any) -> Cause:
    """Return the cause "Not found"."""
    return Cause(reason="FieldValueNotFound", message=f'Not found: "{value}"', field=field)


def check_template(template: Mapping[str, Any], field: str) -> Iterator[Cause]:
    """Check a pod, or the template of pods; `field` is the path of its spec."""
    spec = template.get("spec") or {}
    if not spec.get("containers"):
        yield required_value(f"{field}.containers")
    if spec.get("restartPolicy", "Always") not in {"Always", "OnFailure", "Never"}:
        yield unsupported_value(f"{field}.restartPolicy", spec["restartPolicy"], ("Always", "OnFailure", "Never"))
    if field.startswith("spec.template") and spec.get("restartPolicy", "Always") != "Always":
        yield unsupported_value(f"{field}.restartPolicy", spec["restartPolicy"], ("Always",))
    volumes = {volume.get("name") for volume in spec.get("volumes", ())}
    names: set[str] = set()
    for index, container in enumerate(spec.get("containers", ())):
        place = f"{field}.containers[{index}]"
        yield from _check_container(container, place, volumes)
        if container.get("name") in names:
            yield Cause(
                reason="FieldValueDuplicate", message=f'Duplicate value: "{container["name"]}"', field=f"{place}.name"
            )
        names.add(container.get("name", ""))


def _check_container(container: Mapping[str, Any], field: str, volumes: set[Any]) -> Iterator[Cause]:
    if container.get("name"):
        yield from check_name(f"{field}.name", container["name"], "label")
    if not container.get("image"):
        yield required_value(f"{field}.image")
    for index, variable in enumerate(container.get("env", ())):
        if not VARIABLE.fullmatch(variable.get("name", "")):
            why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield invalid_value(f"{field}.env[{index}].name", variable.get("name", ""), why)
    for index, port in enumerate(container.get("ports", ())):
        if not 1 <= port.get("containerPort", 1) <= 65535:
            place = f"{field}.ports[{index}].containerPort"
            yield invalid_value(place, port["containerPort"], "must be between 1 and 65535, inclusive")
    for index, mount in enumerate(container.get("volumeMounts", ())):
        if mount.get("name") not in volumes:
            yield not_found_value(f"{field}.volumeMounts[{index}].name", mount.get("name"))
    yield from _check_resources(container.get("resources") or {}, f"{field}.resources")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            yield from _check_probe(container[probe], f"{field}.{probe}", probe)


def _check_resources(resources: Mapping[str, Any], field: str) -> Iterator[Cause]:
    for kind in ("limits", "requests"):
        for name, value in (resources.get(kind) or {}).items():
            if not QUANTITY.fullmatch(str(value)):
                why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                yield invalid_value(f"{field}.{kind}[{name}]", value, why)
    limits = resources.get("limits") or {}
    for name, value in (resources.get("requests") or {}).items():
        known = all(QUANTITY.fullmatch(str(each)) for each in (value, limits.get(name, "0")))
        if known and name in limits and amount(value) > amount(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid_value(f"{field}.requests", str(value), why)


def _check_probe(probe: Mapping[str, Any], field: str, kind: str) -> Iterator[Cause]:
    handlers = [name for name in HANDLERS if name in probe]
    if not handlers:
        yield required_value(field, "must specify a handler type")
    if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        yield invalid_value(f"{field}.successThreshold", probe["successThreshold"], "must be 1")
    for name in ("periodSeconds", "timeoutSeconds", "failureThreshold"):
        if probe.get(name, 1) < 1:
            yield invalid_value(f"{field}.{name}", probe[name], "must be greater than or equal to 1")


def check_pod_update(document: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    """Allow the few changes that a pod's spec takes: images and tolerations."""

    def fixed(pod: Mapping[str, Any]) -> dict[str, Any]:
        spec = {name: value for name, value in pod["spec"].items() if name not in {"tolerations", "nodeName"}}
        return spec | {"containers": [{**each, "image": ""} for each in spec.get("containers", ())]}

    if fixed(document) != fixed(old):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
        )
        yield Cause(reason="FieldValueForbidden", message=f"Forbidden: {why}", field="spec")


SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    **{letter: 1000.0**power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)},
}


def amount(quantity: Any) -> float:
    """Return a quantity such as "500m" or "2Gi" as a number.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    text = str(quantity)
    suffix = text.lstrip("+-0123456789.")
    if suffix in SUFFIXES:
        return float(text.removesuffix(suffix) or 0) * SUFFIXES[suffix]
    return float(text)
