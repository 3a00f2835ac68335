"""Namespaces: each has a default service account, and takes everything in it along when it goes.

https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
"""

from __future__ import annotations

from mldeploy_sandbox.kubernetes.controllers.access import Access, is_going
from mldeploy_sandbox.kubernetes.store import Document


class Namespaces:
    """Fills and empties namespaces."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Bring every namespace nearer to what it should be."""
        for namespace in self._access.all("Namespace"):
            name = namespace["metadata"]["name"]
            if is_going(namespace):
                self._empty(namespace)
            elif self._access.find("ServiceAccount", name, "default") is None:
                self._access.create("ServiceAccount", name, {"metadata": {"name": "default"}})

    def _empty(self, namespace: Document) -> None:
        name = namespace["metadata"]["name"]
        inside = [
            document
            for _, document in self._access.objects.store.everything()
            if document["metadata"].get("namespace") == name
        ]
        for document in inside:
            if not is_going(document):
                self._access.delete(document)
        if not inside:
            self._access.edit(namespace, lambda each: {**each, "spec": {**each["spec"], "finalizers": []}})
