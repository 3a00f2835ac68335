"""How controllers read and write: by the API's own rules, under the names of the real components."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.deletion import BACKGROUND, Deletion
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.places import Place
from mldeploy_sandbox.kubernetes.preparation import IGNORE, Options, now
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

log = logging.getLogger(__name__)

CONTROLLERS, SCHEDULER, KUBELET = "kube-controller-manager", "kube-scheduler", "kubelet"
NORMAL, WARNING = "Normal", "Warning"


class Access:
    """The objects of a cluster as one component sees them."""

    def __init__(self, objects: Objects, component: str = CONTROLLERS) -> None:
        self.objects = objects
        self._component = component
        self._options = Options(manager=component, validation=IGNORE)

    def all(self, kind: str, namespace: str = "") -> list[Document]:
        """Return the objects of a kind."""
        return self.objects.store.select(self.objects.resources.of_kind(kind), namespace)

    def find(self, kind: str, namespace: str, name: str) -> Document | None:
        """Return an object, or None."""
        return self.objects.store.get(self.objects.resources.of_kind(kind), namespace, name)

    def create(self, kind: str, namespace: str, body: Document) -> Document:
        """Create an object."""
        return self.objects.create(self.objects.resources.of_kind(kind), namespace, body, self._options)

    def edit(self, document: Document, change: Callable[[Document], Document]) -> Document:
        """Change an object, from its current state; nothing is written when nothing changes."""
        place = self.place(document)
        with self.objects.store.lock:
            current = self.objects.get(place)
            changed = change(current)
            return current if changed == current else self.objects.update(place, changed, self._options)

    def set_status(self, document: Document, status: Mapping[str, Any]) -> Document:
        """Set fields of the status; a field that is None goes away."""
        place = self.place(document, "status")
        with self.objects.store.lock:
            current = self.objects.get(place)
            merged = {**current.get("status", {}), **status}
            changed = {key: value for key, value in merged.items() if value is not None}
            if changed == current.get("status", {}):
                return current
            return self.objects.update(place, {**current, "status": changed}, self._options)

    def delete(self, document: Document, *, grace_seconds: int | None = None, propagation: str = BACKGROUND) -> None:
        """Delete an object, and no other one of its name."""
        deletion = Deletion(propagation=propagation, grace_seconds=grace_seconds, uid=document["metadata"]["uid"])
        self.objects.delete(self.place(document), deletion, self._options)

    def place(self, document: Document, subresource: str = "") -> Place:
        """Return where an object is."""
        group = document["apiVersion"].rpartition("/")[0]
        metadata = document["metadata"]
        return Place(
            resource=self.objects.resources.of_kind(document["kind"], group),
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
            subresource=subresource,
        )

    def tell(self, about: Document, reason: str, message: str, kind: str = NORMAL) -> None:
        """Write an event; one that says the same again is counted, at most once a second."""
        metadata = about["metadata"]
        namespace = metadata.get("namespace", "default")
        digest = hashlib.sha256(f"{metadata['uid']}{reason}{message}".encode()).hexdigest()[:16]
        name = f"{metadata['name']}.{digest}"
        known, time = self.find("Event", namespace, name), now()
        try:
            if known is None:
                self.create("Event", namespace, _event(about, name, (reason, message, kind), self._component))
            elif known["lastTimestamp"] != time:
                self.edit(known, lambda event: {**event, "count": event["count"] + 1, "lastTimestamp": time})
        except ApiError as error:  # such as in a namespace that goes away; nobody's work waits for an event
            log.debug("no event %s: %s", reason, error)


def owner_reference(owner: Document) -> dict[str, Any]:
    """Return the reference to a controller in what it makes."""
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_owned(document: Document, owner: Document) -> bool:
    """Tell whether an object was made by a controller."""
    return any(each["uid"] == owner["metadata"]["uid"] for each in document["metadata"].get("ownerReferences", ()))


def is_going(document: Document) -> bool:
    """Tell whether an object is about to go away."""
    return "deletionTimestamp" in document["metadata"]


def condition(
    conditions: list[dict[str, Any]],
    kind: str,
    *,
    holds: bool | None,
    reason: str,
    message: str,
    stamp: str = "lastUpdateTime",
) -> list[dict[str, Any]]:
    """Return conditions with one set; its times change only when it does. `holds` None is unknown."""
    status = "Unknown" if holds is None else str(holds)
    wanted = {"type": kind, "status": status, "reason": reason, "message": message}
    before = next((each for each in conditions if each["type"] == kind), None)
    if before is not None and all(before.get(key, "") == value for key, value in wanted.items()):
        return conditions
    moved = before is None or before["status"] != wanted["status"]
    times = {stamp: now()} if stamp else {}
    times["lastTransitionTime"] = now() if moved or before is None else before["lastTransitionTime"]
    rest = [each for each in conditions if each["type"] != kind]
    return [*rest, {**wanted, **times}]


def without_condition(conditions: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return conditions without one."""
    return [each for each in conditions if each["type"] != kind]


def _event(about: Document, name: str, said: tuple[str, str, str], component: str) -> dict[str, Any]:
    metadata, time = about["metadata"], now()
    reason, message, kind = said
    return {
        "metadata": {"name": name},
        "involvedObject": {
            "kind": about["kind"],
            "apiVersion": about["apiVersion"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            **({"namespace": metadata["namespace"]} if "namespace" in metadata else {}),
        },
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
    }
