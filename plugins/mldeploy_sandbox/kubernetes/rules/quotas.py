"""ResourceQuota: what a namespace may use.

https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.rules.pods import amount

Mapped = Mapping[str, Any]

SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}
ENDED = ("Failed", "Succeeded")


def usage(kind: str, document: Mapped) -> dict[str, float]:
    """Return what one object uses, by the names of a quota."""
    plural = f"{kind.lower()}s"
    used = {plural: 1.0, f"count/{plural}": 1.0}
    if kind == "Deployment":
        return {"count/deployments.apps": 1.0}
    if kind != "Pod":
        return used
    if document.get("status", {}).get("phase") in ENDED:
        return {}
    for container in document["spec"]["containers"]:
        for sort in ("requests", "limits"):
            for name, value in (container.get("resources", {}).get(sort) or {}).items():
                place = f"{sort}.{name}"
                used[place] = used.get(place, 0.0) + amount(value)
    return used


def exceeded(quota: Mapped, kind: str, document: Mapped, others: Iterable[Mapped]) -> str:
    """Return why a quota does not let an object in, in the words of the admission plugin; or nothing."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    wanted = usage(kind, document)
    name = quota["metadata"]["name"]
    compute = [each for each in hard if SHORT.get(each, each).startswith(("requests.", "limits."))]
    if kind == "Pod":
        missing = sorted(each for each in compute if SHORT.get(each, each) not in wanted)
        if missing:
            lists = "; ".join(_where_missing(document, each) for each in missing)
            return f"failed quota: {name}: must specify {lists}"
    used = total(kind, others)
    over = [each for each in sorted(hard) if _over(SHORT.get(each, each), wanted, used, hard[each])]
    if not over:
        return ""
    columns = (
        ("requested", {each: number(wanted.get(SHORT.get(each, each), 0.0)) for each in over}),
        ("used", {each: number(used.get(SHORT.get(each, each), 0.0)) for each in over}),
        ("limited", {each: str(hard[each]) for each in over}),
    )
    texts = [f"{word}: {','.join(f'{key}={value}' for key, value in values.items())}" for word, values in columns]
    return f"exceeded quota: {name}, {', '.join(texts)}"


def total(kind: str, documents: Iterable[Mapped]) -> dict[str, float]:
    """Return what objects use together."""
    used: dict[str, float] = {}
    for document in documents:
        for name, value in usage(kind, document).items():
            used[name] = used.get(name, 0.0) + value
    return used


def number(value: float) -> str:
    """Return an amount as quantities are written."""
    if value == int(value):
        return str(int(value))
    return f"{round(value * 1000)}m"


def _over(name: str, wanted: Mapping[str, float], used: Mapping[str, float], hard: Any) -> bool:
    return name in wanted and wanted[name] + used.get(name, 0.0) > amount(hard) + 1e-9


def _where_missing(document: Mapped, name: str) -> str:
    sort, _, resource = SHORT.get(name, name).partition(".")
    without = [
        each["name"]
        for each in document["spec"]["containers"]
        if resource not in (each.get("resources", {}).get(sort) or {})
    ]
    return f"{name} for: {','.join(without)}"
