"""Apigee::Revision: one imported bundle. The first one makes the proxy, and the last one to go takes it along.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.apis
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mldeploy import Context, Observed, Phase, Step
from mldeploy.model import JSON, content_hash, find_refs
from mldeploy_apigee.bundle.archive import bundle_files, bundle_zip
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, organization_path
from mldeploy_gateway.intrinsics import evaluated

UNKNOWN = "known after what it refers to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision as Apigee shows it."""

    number: str
    description: str


class RevisionDriver(ApigeeDriver):
    """Spec: organization, api, basePath, files (XML as data, see `bundle.tree`). Outputs: revision.

    Apigee numbers revisions. Ours say in the description whose they are, which step they are, and which values stand in
    them: a user pool that was made anew has another issuer and needs another revision.
    """

    parents = ("organization", "api")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deleting = threading.Lock()

    def find(self, step: Step) -> Observed | None:
        """Return the newest revision of this step; a proxy without revisions of ours is somebody else's."""
        revisions = self._all(step)
        if revisions and not any(self._is_ours(revision) for revision in revisions):
            return Observed(owned=False)
        found = self._of_step(step, revisions)
        if "files" not in step.spec or not found:
            return self._observed(step, found)
        if next(find_refs(step.spec), None) is not None:
            seen = self._observed(step, found)
            return seen and Observed(outputs=seen.outputs, spec=step.spec, drift=(UNKNOWN,))
        return self._observed(step, [item for item in found if item.description == self._description(step)])

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Import the bundle, unless an earlier run has."""
        wanted = self._description(step)
        earlier = [revision for revision in self._all(step) if revision.description == wanted]
        if earlier:
            return _outputs(earlier[-1])
        spec = step.spec
        files = bundle_files(spec["api"], spec["basePath"], wanted, evaluated(spec["files"], self._region()))
        query = {"name": spec["api"], "action": "import"}
        path = f"{organization_path(spec)}/apis"
        answer = self.apigee.call("POST", path, query=query, archive=bundle_zip(files))
        return {"revision": str(answer["revision"])}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - revisions never change
        """Import the bundle with the values that are known now, unless that was done."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all revisions of the step go
        """Delete the revisions of this step, which are deployed nowhere any more; with the last, the proxy."""
        path = f"{organization_path(step.spec)}/apis/{step.spec['api']}"
        with self._deleting:
            revisions = self._all(step)
            ours = self._of_step(step, revisions)
            if ours and len(ours) == len(revisions):
                self.apigee.call("DELETE", path)
                return
            for revision in ours:
                self.apigee.call("DELETE", f"{path}/revisions/{revision.number}")

    def existing(self) -> Iterable[Step]:
        """Yield the revisions of the release's proxy."""
        place = configured_place(self.context)
        if not place:
            return
        spec = {"organization": place["organization"], "api": self.stem}
        probe = Step(kind="Apigee::Revision", name=self.stem, phase=Phase.EXPOSE, spec=spec)
        for name in sorted({_step_name(item) for item in self._all(probe) if self._is_ours(item)}):
            yield Step(kind="Apigee::Revision", name=name, phase=Phase.EXPOSE, spec=spec)

    def _all(self, step: Step) -> list[Revision]:
        """Return the revisions of the proxy, oldest first."""
        path = f"{organization_path(step.spec)}/apis/{step.spec['api']}/revisions"
        numbers = found_or_none(lambda: self.apigee.get_list(path)) or []
        found = (self._one(path, number) for number in sorted(map(str, numbers), key=int))
        return [revision for revision in found if revision is not None]

    def _one(self, path: str, number: str) -> Revision | None:
        """Return a revision; None when it has gone since it was listed."""
        document = found_or_none(lambda: self.apigee.get(f"{path}/{number}"))
        return None if document is None else Revision(number=number, description=str(document.get("description", "")))

    def _of_step(self, step: Step, revisions: Iterable[Revision]) -> list[Revision]:
        return [item for item in revisions if self._is_ours(item) and _step_name(item) == step.name]

    def _is_ours(self, revision: Revision) -> bool:
        return revision.description.startswith(f"{self.mark} ")

    def _description(self, step: Step) -> str:
        return f"{self.mark} {step.name} {content_hash(evaluated(step.spec['files'], self._region()))}"

    def _region(self) -> str:
        return str(self.context.provider("aws").region)

    @staticmethod
    def _observed(step: Step, found: Sequence[Revision]) -> Observed | None:
        return Observed(outputs=_outputs(found[-1]), spec=step.spec) if found else None


def _outputs(revision: Revision) -> dict[str, JSON]:
    return {"revision": revision.number}


def _step_name(revision: Revision) -> str:
    """Return the step that made one of our revisions."""
    words = revision.description.split(" ")
    return words[2] if len(words) == 4 else ""
