"""Keeps objects by kind, namespace and name, with one counter of versions, and tells who watches.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.status import ApiError

HISTORY = 1000
"""Changes that a watch can start from; older ones are "too old" (the API server's etcd compacts every 5 minutes)."""

Document = dict[str, Any]
Key = tuple[str, str]
"""Group and plural: all versions of a kind are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: `old` is None for a new object, `new` is None for a deleted one, `last` is what a watcher sees."""

    version: int
    key: Key
    old: Document | None
    new: Document | None
    last: Document


class Store:
    """The objects of one cluster. Documents in it are never changed in place: who writes puts a new one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1
        self.closed = False
        self._objects: dict[Key, dict[tuple[str, str], Document]] = {}
        self._history: deque[Change] = deque(maxlen=HISTORY)
        self._forgotten = 0

    def get(self, resource: Resource, namespace: str, name: str) -> Document | None:
        """Return an object, or None."""
        with self.lock:
            return self._kind(resource).get((namespace, name))

    def select(self, resource: Resource, namespace: str = "") -> list[Document]:
        """Return the objects of a namespace, or of all with an empty one, ordered by namespace and name."""
        with self.lock:
            found = sorted(self._kind(resource).items(), key=lambda item: item[0])
        return [document for (place, _), document in found if namespace in {"", place}]

    def put(self, resource: Resource, document: Document) -> Document:
        """Keep a new or changed object and give it the next version."""
        metadata = document["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        with self.lock:
            old = self._kind(resource).get(place)
            self.version += 1
            new = {**document, "metadata": {**metadata, "resourceVersion": str(self.version)}}
            self._kind(resource)[place] = new
            self._remember(resource, old, new, new)
        return new

    def remove(self, resource: Resource, document: Document) -> Document:
        """Forget an object; return its last state, with the version of its end."""
        metadata = document["metadata"]
        with self.lock:
            old = self._kind(resource).pop((metadata.get("namespace", ""), metadata["name"]))
            self.version += 1
            last = {**old, "metadata": {**metadata, "resourceVersion": str(self.version)}}
            self._remember(resource, old, None, last)
        return last

    def changes_after(self, resource: Resource, version: int) -> list[Change]:
        """Return what happened to a kind after a version.

        Raises:
            ApiError: that is too long ago (410).
        """
        with self.lock:
            if version < self._forgotten:
                message = f"too old resource version: {version} ({self._forgotten})"
                raise ApiError(410, "Expired", message)
            key = (resource.group, resource.plural)
            return [change for change in self._history if change.version > version and change.key == key]

    def forget_history(self) -> None:
        """Make all versions up to now too old, as a compaction does."""
        with self.lock:
            self._history.clear()
            self._forgotten = self.version

    def wait(self, version: int, seconds: float) -> bool:
        """Wait until there is a change after a version; tell whether there is one."""
        with self.changed:
            return self.changed.wait_for(lambda: self.closed or self.version > version, seconds)

    def close(self) -> None:
        """Let everybody who waits go on."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def everything(self) -> Iterator[tuple[Key, Document]]:
        """Go through all objects of all kinds."""
        with self.lock:
            pairs = [(key, document) for key, kind in self._objects.items() for document in kind.values()]
        yield from pairs

    def _kind(self, resource: Resource) -> dict[tuple[str, str], Document]:
        return self._objects.setdefault((resource.group, resource.plural), {})

    def _remember(self, resource: Resource, old: Document | None, new: Document | None, last: Document) -> None:
        if len(self._history) == HISTORY:
            self._forgotten = self._history[0].version
        key = (resource.group, resource.plural)
        self._history.append(Change(version=self.version, key=key, old=old, new=new, last=last))
        self.changed.notify_all()
