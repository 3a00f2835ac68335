"""One driver for every kind of Kubernetes object: server-side apply, and deletion of what carries our labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import Observed, Phase, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_eks.answers import ApiError, translated
from mldeploy_eks.connection import ClusterGoneError
from mldeploy_eks.fields import differences
from mldeploy_eks.kinds import KINDS, PREFIX
from mldeploy_eks.names import labels_of, owns, selector_text

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster, Manifest

DELETE_SECONDS = 900


class ObjectDriver:
    """Spec: Cluster (a ref, so that the cluster is looked at first), Manifest. Outputs: Name.

    Only the fields of the manifest are ours. What others own is neither compared nor changed; where both want a field,
    the API server refuses and names the other manager. With the setting `Optional` an object is made only where the
    cluster knows its kind.
    """

    def __init__(self, context: Context, kind: str) -> None:
        self.context = context
        self.kind = kind

    @property
    def cluster(self) -> Cluster:
        """The namespace of the release."""
        found: Cluster = self.context.provider("kubernetes")
        return found

    def read(self, step: Step) -> Observed | None:
        """Look the object up; where there is no cluster any more, there is no object."""
        if not isinstance(step.spec.get("Cluster", ""), str):
            return None
        try:
            with translated(f"to read {step.id}"):
                return self.find(step)
        except ClusterGoneError:
            return None

    def find(self, step: Step) -> Observed | None:
        """Return what is there; the reasons to change it are words about single fields."""
        live = self.cluster.get(self.kind, step.name)
        if live is None:
            unknown = Observed(outputs={"Name": step.name}, spec=step.spec, looked_up=True)
            return unknown if self._is_unknown(step) else None
        return Observed(
            outputs=self.outputs(step, live),
            spec=self.live_spec(step, live),
            owned=self.owns(live),
            drift=tuple(differences(self.manifest(step, live), live)) if "Manifest" in step.spec else (),
        )

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Apply the manifest; what somebody else made meanwhile is left alone.

        Raises:
            RefusedError: another manager owns a field of ours, or somebody else made the object.
        """
        with translated(f"to apply {step.id}"):
            live = self.gone_if_ending(step)
            if live is not None and observed is None and not self.owns(live):
                message = f"{step.id} was made by somebody else in the meantime: it does not carry our labels"
                raise RefusedError(message, hint="rename the release, remove the object, or take it over with --adopt")
            return self.put(step, live)

    def put(self, step: Step, live: Manifest | None) -> Mapping[str, JSON]:
        """Send the manifest and return the outputs."""
        return self.outputs(step, self.cluster.apply(self.manifest(step, live)))

    def delete(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the object and wait until it is gone."""
        with translated(f"to delete {step.id}"):
            if not self._is_unknown(step):
                self.cluster.delete(self.kind, step.name)
                self._wait_until_gone(step)

    def existing(self) -> Iterable[Step]:
        """Yield the objects of this kind that carry our labels; what we may not list we have not made."""
        try:
            found = self.cluster.listed(self.kind, labels=selector_text(self.context.name, self.context.env))
        except ClusterGoneError:
            return
        except ApiError as error:
            if error.code == 403:
                return
            with translated(f"to list objects of kind {self.kind}"):
                raise
        for item in found:
            yield Step(kind=f"{PREFIX}{self.kind}", name=item["metadata"]["name"], phase=Phase.PROVISION)

    def manifest(self, step: Step, live: Manifest | None) -> Manifest:  # noqa: ARG002 - for subclasses
        """Return what to apply, given what is there."""
        return dict(step.spec["Manifest"])

    def live_spec(self, step: Step, live: Manifest) -> Mapping[str, JSON]:
        """Return the live values of a step's properties; nothing while the object is being deleted."""
        return {} if "deletionTimestamp" in live["metadata"] else step.spec

    def outputs(self, step: Step, live: Manifest) -> Mapping[str, JSON]:  # noqa: ARG002 - for subclasses
        """Return what other steps may refer to."""
        return {"Name": live["metadata"]["name"]}

    def owns(self, live: Mapping[str, Any]) -> bool:
        """Return whether an object carries the labels of the release."""
        return owns(live, self.context.name, self.context.env)

    def labels(self) -> dict[str, str]:
        """Return the labels of the release."""
        return labels_of(self.context.name, self.context.env)

    def gone_if_ending(self, step: Step) -> Manifest | None:
        """Return the live object; one that is being deleted is waited for."""
        live = self.cluster.get(self.kind, step.name)
        if live is not None and "deletionTimestamp" in live["metadata"]:
            self._wait_until_gone(step)
            return None
        return live

    def _is_unknown(self, step: Step) -> bool:
        """Return whether an optional object cannot be, because the cluster does not know its kind."""
        return bool(step.settings.get("Optional")) and not self.cluster.serves(KINDS[self.kind])

    def _wait_until_gone(self, step: Step) -> None:
        def gone() -> bool | None:
            return True if self.cluster.get(self.kind, step.name) is None else None

        self.context.wait(gone, seconds=DELETE_SECONDS, what=f"{step.id} to be deleted")
