"""Kubernetes::Namespace: made where release.yaml says so, and deleted only when it is ours and empty."""

from __future__ import annotations

from mldeploy import Observed, Step
from mldeploy_eks.answers import translated
from mldeploy_eks.objects import ObjectDriver

LOOKED_AT = ("Deployment", "Service", "Pod")


class NamespaceDriver(ObjectDriver):
    """A namespace that somebody else made is used as it is: neither changed nor deleted."""

    def find(self, step: Step) -> Observed | None:
        """Return the namespace; a foreign one fits as it is."""
        found = super().find(step)
        if found is not None and not found.owned:
            return Observed(outputs=found.outputs, spec=step.spec, looked_up=True)
        return found

    def delete(self, step: Step, observed: Observed) -> None:
        """Delete the namespace if we made it and nothing is in it."""
        with translated(f"to delete {step.id}"):
            live = self.cluster.get(self.kind, step.name)
            if live is None or not self.owns(live):
                return
            left = [item for kind in LOOKED_AT for item in self.cluster.listed(kind)]
        if left:
            names = ", ".join(sorted(str(item["metadata"]["name"]) for item in left))
            self.context.progress(step.id, f"left alone: it still holds {names}")
            return
        super().delete(step, observed)
