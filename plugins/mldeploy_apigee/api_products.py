"""Apigee::ApiProduct: what a key lets in to, and how often.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.apiproducts
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, organization_path

QUOTA_KEYS = ("quota", "quotaInterval", "quotaTimeUnit")


class ApiProductDriver(ApigeeDriver):
    """Spec: organization, environments, proxies, approvalType; quota, quotaInterval, quotaTimeUnit or null.

    No outputs. Custom attributes say whose it is.
    """

    def find(self, step: Step) -> Observed | None:
        """Return the product."""
        live = found_or_none(lambda: self.apigee.get(_path(step)))
        if live is None:
            return None
        found = {**dict.fromkeys(QUOTA_KEYS), **live, "organization": step.spec["organization"]}
        spec = {key: found.get(key) for key in step.spec}
        return Observed(spec=spec, owned=self.owns(live), drift=self.drift(live))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the product."""
        self.apigee.call("POST", f"{organization_path(step.spec)}/apiproducts", body=self._body(step))
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all of it is replaced
        """Replace the product's properties."""
        self.apigee.call("PUT", _path(step), body=self._body(step))
        return {}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the product; no app may use it any more."""
        self.apigee.call("DELETE", _path(step))

    def existing(self) -> Iterable[Step]:
        """Yield the product of the release's name, which goes before the proxy."""
        place = configured_place(self.context)
        if place:
            spec = {"organization": place["organization"]}
            yield Step(kind="Apigee::ApiProduct", name=self.stem, phase=Phase.EXPOSE, spec=spec)

    def _body(self, step: Step) -> dict[str, JSON]:
        wanted = {key: value for key, value in step.spec.items() if key != "organization" and value is not None}
        return {"name": step.name, "displayName": step.name, "attributes": self.attributes(), **wanted}


def _path(step: Step) -> str:
    return f"{organization_path(step.spec)}/apiproducts/{step.name}"
