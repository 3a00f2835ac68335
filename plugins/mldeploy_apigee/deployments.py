"""Apigee::Deployment: which revision an environment serves.

A revision is deployed over the one before, which serves until the new one is ready. One that does not get ready is
replaced by the one before again.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.environments.apis.revisions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import DeployError, Observed, Phase, RefusedError, Step
from mldeploy.errors import PendingError
from mldeploy.model import JSON
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.environments import hostname_of, public_url
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, environment_path
from mldeploy_apigee.revisions import RevisionDriver

READY = "READY"
ERROR = "ERROR"
UNDEPLOY_SECONDS = 120
RESTORE_SECONDS = 120
OVERRIDE = {"override": "true"}
IN_ORDER = {**OVERRIDE, "sequencedRollout": "true"}


class DeploymentDriver(ApigeeDriver):
    """Spec: organization, environment, api, revision, basePath, hostname and serviceAccount or null.

    Settings: ReadySeconds. Outputs: Url (of POST /predict), api.
    """

    parents = ("organization", "environment", "api")

    def find(self, step: Step) -> Observed | None:
        """Return the deployment; while it is not ready its revision is left out, so that it is deployed again."""
        deployed = self._deployed(step)
        if not deployed:
            return None
        newest = deployed[-1]
        status = self._status(step, newest)
        spec = {**step.spec, "serviceAccount": _account(status), "revision": newest}
        if status.get("state") != READY or len(deployed) > 1:
            del spec["revision"]
        if "basePath" not in step.spec:
            return Observed(spec=spec)
        return Observed(outputs=self._outputs(step), spec=spec)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Deploy the revision, and wait until it is ready.

        Raises:
            RefusedError: another proxy has the base path.
            DeployError: the revision cannot be served.
            PendingError: it did not get ready in time.
        """
        self._deploy(step, before="")
        return self._outputs(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - it may have moved on
        """Deploy the revision over the one before; where it does not get ready, that one comes back.

        Raises:
            RefusedError, DeployError, PendingError: as `create`.
        """
        others = [number for number in self._deployed(step) if number != step.spec["revision"]]
        self._deploy(step, before=others[0] if others else "")
        return self._outputs(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - what is deployed now counts
        """Undeploy every revision, and wait until none is served."""
        for number in self._deployed(step):
            self.apigee.call("DELETE", f"{_revision_path(step, number)}/deployments")
        self.context.wait(
            lambda: None if self._deployed(step) else True,
            seconds=UNDEPLOY_SECONDS,
            what=f"Apigee to undeploy {step.spec['api']}",
        )

    def existing(self) -> Iterable[Step]:
        """Yield the deployment of the release's proxy, which goes before the revisions."""
        place = configured_place(self.context)
        revisions = list(RevisionDriver(self.context).existing())
        if place and revisions:
            spec = {**place, "api": self.stem, "after": [revision.ref("revision") for revision in revisions]}
            yield Step(kind="Apigee::Deployment", name=self.stem, phase=Phase.EXPOSE, spec=spec)

    def _deploy(self, step: Step, *, before: str) -> None:
        path = f"{_revision_path(step, step.spec['revision'])}/deployments"
        report = self.apigee.call("POST", f"{path}:generateDeployChangeReport", query=OVERRIDE, repeatable=True)
        _refuse_conflicts(step, report)
        account = {"serviceAccount": step.spec["serviceAccount"]} if step.spec.get("serviceAccount") else {}
        self.apigee.call("POST", path, query={**IN_ORDER, **account}, repeatable=True)
        try:
            self._wait(step, step.spec["revision"], step.settings["ReadySeconds"])
        except DeployError as error:
            raise self._restored(step, before, error) from error
        except PendingError as error:
            if self.context.cancelled.is_set():
                raise
            raise self._restored(step, before, error) from error

    def _wait(self, step: Step, number: str, seconds: float) -> None:
        def look() -> bool | None:
            status = self._status(step, number)
            if status.get("state") == ERROR:
                message = f"Apigee cannot serve revision {number} of {step.spec['api']}: {_errors(status)}"
                raise DeployError(message, hint="the message names the policy or the resource that is wrong")
            self.context.progress(step.id, f"revision {number} is {status.get('state', 'not deployed')}")
            return True if status.get("state") == READY else None

        what = f"Apigee to serve revision {number} of {step.spec['api']}"
        self.context.wait(look, seconds=seconds, what=what)

    def _restored(self, step: Step, before: str, error: DeployError | PendingError) -> DeployError | PendingError:
        """Deploy the revision before again, take the failed one away, and return the error with what came of it."""
        failed = step.spec["revision"]
        if not before:
            return error
        self.apigee.call("POST", f"{_revision_path(step, before)}/deployments", query=IN_ORDER, repeatable=True)
        try:
            self._wait(step, before, RESTORE_SECONDS)
        except (DeployError, PendingError) as second:
            text = f"{error.message}; revision {before} was deployed again, but: {second.message}"
        else:
            text = f"{error.message}; revision {before} was deployed again and serves"
        if failed in self._deployed(step):
            self.apigee.call("DELETE", f"{_revision_path(step, failed)}/deployments")
        return type(error)(text, hint=error.hint, details=error.details)

    def _deployed(self, step: Step) -> list[str]:
        """Return the numbers of the deployed revisions, oldest first."""
        path = f"{environment_path(step.spec)}/apis/{step.spec['api']}/deployments"
        found = found_or_none(lambda: self.apigee.get(path)) or {}
        return sorted((str(item["revision"]) for item in found.get("deployments", ())), key=int)

    def _status(self, step: Step, number: str) -> Mapping[str, Any]:
        return found_or_none(lambda: self.apigee.get(f"{_revision_path(step, number)}/deployments")) or {}

    def _outputs(self, step: Step) -> Mapping[str, JSON]:
        hostname = step.spec.get("hostname") or hostname_of(self.apigee, step.spec)
        return {"Url": public_url(hostname, step.spec["basePath"]), "api": step.spec["api"]}


def _revision_path(step: Step, number: str) -> str:
    return f"{environment_path(step.spec)}/apis/{step.spec['api']}/revisions/{number}"


def _account(status: Mapping[str, Any]) -> str | None:
    """Return the address of the account that a deployment runs as; Apigee writes a resource name."""
    name = str(status.get("serviceAccount") or "")
    return name.rpartition("/")[2] or None


def _errors(status: Mapping[str, Any]) -> str:
    found = [str(item.get("message", item)) for item in status.get("errors", ())]
    return "; ".join(found) or "it does not say why"


def _refuse_conflicts(step: Step, report: Mapping[str, Any]) -> None:
    conflicts = report.get("routingConflicts", ())
    if conflicts:
        others = sorted({_named(item.get("conflictingDeployment", {})) for item in conflicts})
        path, place = step.spec["basePath"], step.spec["organization"]
        message = f"the base path {path} is taken in the organization {place}: {', '.join(others)}"
        raise RefusedError(message, hint="choose another apigee.basePath, or undeploy the other proxy")
    errors = report.get("validationErrors", {}).get("violations", ())
    if errors:
        texts = "; ".join(str(item.get("description", item)) for item in errors)
        message = f"Apigee would not deploy revision {step.spec['revision']} of {step.spec['api']}: {texts}"
        raise DeployError(message, hint="nothing was changed: the revision before serves")


def _named(deployment: Mapping[str, Any]) -> str:
    proxy, revision = deployment.get("apiProxy", "another proxy"), deployment.get("revision", "?")
    return f"{proxy} revision {revision} in {deployment.get('environment', 'another environment')}"
