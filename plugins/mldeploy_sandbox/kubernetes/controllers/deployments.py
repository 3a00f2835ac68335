"""Deployments: rolling from one ReplicaSet to the next.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

import copy
import hashlib
from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import Access, is_going, is_owned, owner_reference
from mldeploy_sandbox.kubernetes.controllers.deployment_status import deployment_status
from mldeploy_sandbox.kubernetes.controllers.rolling import rolling_limits
from mldeploy_sandbox.kubernetes.fields.paths import compact
from mldeploy_sandbox.kubernetes.preparation import SUFFIX_LETTERS
from mldeploy_sandbox.kubernetes.store import Document

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    """Makes ReplicaSets, and moves replicas between them."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Bring every deployment nearer to what it should be."""
        for deployment in self._access.all("Deployment"):
            if not is_going(deployment):
                self._sync(deployment)

    def _sync(self, deployment: Document) -> None:
        sets = self._access.all("ReplicaSet", deployment["metadata"]["namespace"])
        owned = [each for each in sets if is_owned(each, deployment) and not is_going(each)]
        new = self._current(deployment, owned)
        if new is not None:
            old = [each for each in owned if each["metadata"]["uid"] != new["metadata"]["uid"]]
            if not deployment["spec"].get("paused"):
                self._roll(deployment, new, old)
                self._forget(deployment, old)
        self._access.set_status(deployment, deployment_status(deployment, self._reread(new), self._reread_all(owned)))

    def _reread(self, replica_set: Document | None) -> Document | None:
        if replica_set is None:
            return None
        metadata = replica_set["metadata"]
        return self._access.find("ReplicaSet", metadata["namespace"], metadata["name"])

    def _reread_all(self, sets: list[Document]) -> list[Document]:
        return [found for each in sets if (found := self._reread(each)) is not None]

    def _current(self, deployment: Document, owned: list[Document]) -> Document | None:
        """Return the set of the deployment's template; made if there is none, and its revision made the highest."""
        template = deployment["spec"]["template"]
        found = next((each for each in owned if _template_of(each) == template), None)
        highest = max((_revision(each) for each in owned if each is not found), default=0)
        if found is None:
            if deployment["spec"].get("paused"):
                return None
            found = self._make(deployment, highest + 1)
            owned.append(found)
        elif _revision(found) <= highest:
            found = self._number(found, highest + 1)
        if _revision(deployment) != _revision(found):
            self._number(deployment, _revision(found))
        return found

    def _make(self, deployment: Document, revision: int) -> Document:
        digest = hashlib.sha256(compact(deployment["spec"]["template"]).encode()).digest()[:10]
        suffix = "".join(SUFFIX_LETTERS[byte % len(SUFFIX_LETTERS)] for byte in digest)
        template = copy.deepcopy(deployment["spec"]["template"])
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[HASH] = suffix
        selector = copy.deepcopy(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[HASH] = suffix
        metadata = deployment["metadata"]
        spec: dict[str, Any] = {"replicas": 0, "selector": selector, "template": template}
        if "minReadySeconds" in deployment["spec"]:
            spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        return self._access.create(
            "ReplicaSet",
            metadata["namespace"],
            {
                "metadata": {
                    "name": f"{metadata['name']}-{suffix}",
                    "labels": labels,
                    "annotations": {REVISION: str(revision)},
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": spec,
            },
        )

    def _number(self, document: Document, revision: int) -> Document:
        def change(current: Document) -> Document:
            annotations = {**current["metadata"].get("annotations", {}), REVISION: str(revision)}
            return {**current, "metadata": {**current["metadata"], "annotations": annotations}}

        return self._access.edit(document, change)

    def _roll(self, deployment: Document, new: Document, old: list[Document]) -> None:
        spec = deployment["spec"]
        if spec["strategy"]["type"] == "Recreate":
            for each in old:
                self._scale(deployment, each, 0)
            if all(each.get("status", {}).get("replicas", 0) == 0 for each in old):
                self._scale(deployment, new, spec["replicas"])
            return
        surge, unavailable = rolling_limits(deployment)
        total = sum(each["spec"]["replicas"] for each in (new, *old))
        room = spec["replicas"] + surge - total
        wanted = new["spec"]["replicas"]
        wanted = spec["replicas"] if wanted > spec["replicas"] else min(wanted + max(room, 0), spec["replicas"])
        self._scale(deployment, new, wanted)
        self._shrink(deployment, new, old, spec["replicas"] - unavailable)

    def _shrink(self, deployment: Document, new: Document, old: list[Document], least: int) -> None:
        """Take from the old sets what does not work, and then what the least number of available pods can spare."""
        available = sum(each.get("status", {}).get("availableReplicas", 0) for each in (new, *old))
        total = sum(each["spec"]["replicas"] for each in (new, *old))
        pending_new = new["spec"]["replicas"] - new.get("status", {}).get("availableReplicas", 0)
        spare_broken = max(total - least - max(pending_new, 0), 0)
        spare = max(available - least, 0)
        for each in sorted(old, key=_revision):
            replicas, works = each["spec"]["replicas"], each.get("status", {}).get("availableReplicas", 0)
            broken = min(max(replicas - works, 0), spare_broken)
            healthy = min(works, spare)
            spare, spare_broken = spare - healthy, spare_broken - broken
            self._scale(deployment, each, replicas - broken - healthy)

    def _scale(self, deployment: Document, replica_set: Document, replicas: int) -> None:
        before, name = replica_set["spec"]["replicas"], replica_set["metadata"]["name"]
        if before == replicas:
            return
        self._access.edit(replica_set, lambda each: {**each, "spec": {**each["spec"], "replicas": replicas}})
        word = "up" if replicas > before else "down"
        self._access.tell(
            deployment, "ScalingReplicaSet", f"Scaled {word} replica set {name} from {before} to {replicas}"
        )

    def _forget(self, deployment: Document, old: list[Document]) -> None:
        """Delete the oldest empty sets, beyond `revisionHistoryLimit`."""
        done = [each for each in old if each["spec"]["replicas"] == 0 and not each.get("status", {}).get("replicas")]
        surplus = len(done) - deployment["spec"]["revisionHistoryLimit"]
        for each in sorted(done, key=_revision)[: max(surplus, 0)]:
            self._access.delete(each)


def _template_of(replica_set: Document) -> dict[str, Any]:
    """Return the template of a set as the deployment wrote it."""
    template = replica_set["spec"]["template"]
    labels = {name: value for name, value in template["metadata"]["labels"].items() if name != HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def _revision(document: Document) -> int:
    return int(document["metadata"].get("annotations", {}).get(REVISION, 0))
