"""The garbage collector: what was made for an owner goes with it, or lets it go first.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from mldeploy_sandbox.kubernetes.controllers.access import Access, is_going
from mldeploy_sandbox.kubernetes.deletion import BACKGROUND, FINALIZERS, FOREGROUND, ORPHAN
from mldeploy_sandbox.kubernetes.store import Document


class Garbage:
    """Deletes what has lost its owners, and finishes foreground and orphaning deletions."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Look at every object that has or had an owner."""
        documents = [document for _, document in self._access.objects.store.everything()]
        alive = {document["metadata"]["uid"]: document for document in documents}
        dependants: dict[str, list[Document]] = {}
        for document in documents:
            for reference in document["metadata"].get("ownerReferences", ()):
                dependants.setdefault(reference["uid"], []).append(document)
        for document in documents:
            self._collect(document, alive)
            finalizers = document["metadata"].get("finalizers", ())
            if is_going(document) and FINALIZERS[FOREGROUND] in finalizers:
                self._finish_foreground(document, dependants.get(document["metadata"]["uid"], []))
            if is_going(document) and FINALIZERS[ORPHAN] in finalizers:
                self._finish_orphaning(document, dependants.get(document["metadata"]["uid"], []))

    def _collect(self, document: Document, alive: dict[str, Document]) -> None:
        references = document["metadata"].get("ownerReferences", ())
        if not references or is_going(document) or any(each["uid"] in alive for each in references):
            return
        self._access.delete(document, propagation=BACKGROUND)

    def _finish_foreground(self, owner: Document, dependants: list[Document]) -> None:
        for dependant in dependants:
            if not is_going(dependant):
                self._access.delete(dependant, propagation=FOREGROUND)
        if not any(_blocks(dependant, owner) for dependant in dependants):
            self._let_go(owner, FINALIZERS[FOREGROUND])

    def _finish_orphaning(self, owner: Document, dependants: list[Document]) -> None:
        uid = owner["metadata"]["uid"]

        def without_owner(document: Document) -> Document:
            rest = [each for each in document["metadata"]["ownerReferences"] if each["uid"] != uid]
            return {**document, "metadata": {**document["metadata"], "ownerReferences": rest}}

        for dependant in dependants:
            self._access.edit(dependant, without_owner)
        self._let_go(owner, FINALIZERS[ORPHAN])

    def _let_go(self, owner: Document, finalizer: str) -> None:
        def change(document: Document) -> Document:
            rest = [each for each in document["metadata"].get("finalizers", ()) if each != finalizer]
            return {**document, "metadata": {**document["metadata"], "finalizers": rest}}

        self._access.edit(owner, change)


def _blocks(dependant: Document, owner: Document) -> bool:
    return any(
        each["uid"] == owner["metadata"]["uid"] and each.get("blockOwnerDeletion")
        for each in dependant["metadata"]["ownerReferences"]
    )
