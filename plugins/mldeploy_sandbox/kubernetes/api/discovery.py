"""Tells clients what is served: versions, groups and resources.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource, Resources

VERSION = "v1.36.0"
SUBRESOURCE_KINDS = {"scale": ("autoscaling", "v1", "Scale"), "proxy": ("", "v1", "ServiceProxyOptions")}
SUBRESOURCE_VERBS = {"log": ["get"], "finalize": ["update"], "proxy": ["create", "delete", "get", "patch", "update"]}


def version() -> dict[str, str]:
    """Answer `/version`."""
    return {"major": "1", "minor": "36", "gitVersion": f"{VERSION}-mldeploy-sandbox", "platform": "linux/amd64"}


def discover(parts: list[str], resources: Resources) -> dict[str, Any] | None:
    """Answer a path of discovery, given as its segments; None when it is none, or nothing is there."""
    match parts:
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            groups = sorted({each.group for each in resources if each.group})
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, resources) for name in groups]}
        case ["apis", group] if any(each.group == group for each in resources):
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, resources)}
        case ["api", version]:
            return _resource_list("", version, resources)
        case ["apis", group, version]:
            return _resource_list(group, version, resources)
    return None


def _group(name: str, resources: Resources) -> dict[str, Any]:
    versions = list(dict.fromkeys(each.version for each in resources if each.group == name))
    listed = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource_list(group: str, version: str, resources: Resources) -> dict[str, Any] | None:
    found = [each for each in resources if (each.group, each.version) == (group, version)]
    if not found:
        return None
    listed = [entry for each in found for entry in (_entry(each), *_subentries(each))]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": found[0].api_version,
        "resources": listed,
    }


def _entry(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.in_all:
        entry["categories"] = ["all"]
    return entry


def _subentries(resource: Resource) -> list[dict[str, Any]]:
    found = []
    for name in resource.subresources:
        entry = {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"]),
        }
        if name in SUBRESOURCE_KINDS:
            group, version, kind = SUBRESOURCE_KINDS[name]
            entry |= {"kind": kind, "group": group, "version": version}
        found.append(entry)
    return found
