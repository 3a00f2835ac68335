"""Apigee::TargetServer: the address of the origin.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.environments.targetservers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, environment_path
from mldeploy_gateway.managed import managed


class TargetServerDriver(ApigeeDriver):
    """Spec: organization, environment, host, port, isEnabled, sSLInfo. No outputs; the description says whose it is."""

    parents = ("organization", "environment")

    def find(self, step: Step) -> Observed | None:
        """Return the server."""
        live = found_or_none(lambda: self.apigee.get(_path(step)))
        if live is None:
            return None
        place = {key: step.spec[key] for key in self.parents}
        spec = managed({"sSLInfo": {}, "isEnabled": False, **live, **place}, step.spec)
        return Observed(spec=spec, owned=live.get("description") == self.mark)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the server."""
        self.apigee.call("POST", f"{environment_path(step.spec)}/targetservers", body=self._body(step))
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all of it is replaced
        """Replace the server's properties."""
        self.apigee.call("PUT", _path(step), body=self._body(step))
        return {}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the server."""
        self.apigee.call("DELETE", _path(step))

    def existing(self) -> Iterable[Step]:
        """Yield the server of the release's name."""
        place = configured_place(self.context)
        if place:
            yield Step(kind="Apigee::TargetServer", name=self.stem, phase=Phase.EXPOSE, spec=place)

    def _body(self, step: Step) -> dict[str, JSON]:
        managed_keys = {key: value for key, value in step.spec.items() if key not in self.parents}
        return {"name": step.name, "description": self.mark, **managed_keys}


def _path(step: Step) -> str:
    return f"{environment_path(step.spec)}/targetservers/{step.name}"
