"""Apigee::Developer and Apigee::DeveloperApp: who holds the release's own key, the one that checks call with.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.developers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from mldeploy import Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, developer_email, organization_path

APPROVED = "approved"


class DeveloperDriver(ApigeeDriver):
    """Spec: organization. No outputs. The name is the address; custom attributes say whose it is."""

    def find(self, step: Step) -> Observed | None:
        """Return the developer."""
        live = found_or_none(lambda: self.apigee.get(developer_path(step.spec, step.name)))
        return None if live is None else Observed(spec=step.spec, owned=self.owns(live), drift=self.drift(live))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the developer."""
        self.apigee.call("POST", f"{organization_path(step.spec)}/developers", body=self._body(step))
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all of it is replaced
        """Replace the developer's attributes."""
        self.apigee.call("PUT", developer_path(step.spec, step.name), body=self._body(step))
        return {}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the developer with all apps."""
        self.apigee.call("DELETE", developer_path(step.spec, step.name))

    def existing(self) -> Iterable[Step]:
        """Yield the developer of the release."""
        place = configured_place(self.context)
        if place:
            spec = {"organization": place["organization"]}
            yield Step(kind="Apigee::Developer", name=developer_email(self.stem), phase=Phase.EXPOSE, spec=spec)

    def _body(self, step: Step) -> dict[str, JSON]:
        user = step.name.partition("@")[0]
        names = {"firstName": "mldeploy", "lastName": user, "userName": user}
        return {"email": step.name, **names, "attributes": self.attributes()}


class DeveloperAppDriver(ApigeeDriver):
    """Spec: organization, developer, apiProducts. Outputs: appId; the key stays in Apigee, which makes it up."""

    parents = ("organization", "developer")

    def find(self, step: Step) -> Observed | None:
        """Return the app, with the products that its working key is for."""
        live = found_or_none(lambda: self.apigee.get(_app_path(step)))
        if live is None:
            return None
        spec = {**step.spec, "apiProducts": products_of(live)}
        return Observed(outputs={"appId": live["appId"]}, spec=spec, owned=self.owns(live), drift=self.drift(live))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the app; Apigee makes a key for it."""
        path = f"{developer_path(step.spec, step.spec['developer'])}/apps"
        return {"appId": self.apigee.call("POST", path, body=self._body(step))["appId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Replace the attributes; where no key works for the products, this makes a new one."""
        self.apigee.call("PUT", _app_path(step), body=self._body(step))
        return observed.outputs

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the app with its keys."""
        self.apigee.call("DELETE", _app_path(step))

    def existing(self) -> Iterable[Step]:
        """Yield the app of the release's developer, which goes before the product."""
        for developer in DeveloperDriver(self.context).existing():
            product = Step(kind="Apigee::ApiProduct", name=self.stem, phase=Phase.EXPOSE)
            spec = {**developer.spec, "developer": developer.ref(Ref.NAME), "apiProducts": [product.ref(Ref.NAME)]}
            yield Step(kind="Apigee::DeveloperApp", name=self.stem, phase=Phase.EXPOSE, spec=spec)

    def _body(self, step: Step) -> dict[str, JSON]:
        return {"name": step.name, "apiProducts": step.spec["apiProducts"], "attributes": self.attributes()}


def developer_path(spec: Mapping[str, JSON], email: str) -> str:
    """Return the path of a developer in the management API."""
    return f"{organization_path(spec)}/developers/{quote(email, safe='')}"


def working_key(app: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the newest credential of an app that lets in."""
    credentials = [item for item in app.get("credentials", ()) if item.get("status", APPROVED) == APPROVED]
    return max(credentials, key=lambda item: int(item.get("issuedAt", 0)), default=None)


def products_of(app: Mapping[str, Any]) -> list[str]:
    """Return the products that the working key of an app is for."""
    key = working_key(app) or {}
    products = key.get("apiProducts", ())
    return sorted(item["apiproduct"] for item in products if item.get("status", APPROVED) == APPROVED)


def _app_path(step: Step) -> str:
    return f"{developer_path(step.spec, step.spec['developer'])}/apps/{step.name}"
