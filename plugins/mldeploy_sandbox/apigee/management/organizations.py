"""Organizations and environments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import already_exists, failed_precondition, invalid
from mldeploy_sandbox.apigee.management.routes import ENVIRONMENT, ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Document, Environment, Organization

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.management.operations import Operations
    from mldeploy_sandbox.apigee.store import Store

ORGANIZATION_FIELDS = ("name", "displayName", "description", "analyticsRegion", "runtimeType", "billingType")
ENVIRONMENT_FIELDS = ("name", "displayName", "description", "deploymentType", "apiProxyType", "type", "properties")


class Organizations:
    """Organizations and the environments in them."""

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store = store
        self._operations = operations

    def routes(self) -> Iterable[Route]:
        """Return the routes of organizations and environments."""
        base = "organizations"
        return (
            Route(
                id=f"{base}.create", method="POST", rule="/v1/organizations", handler=self._create, query=("parent",)
            ),
            Route(id=f"{base}.list", method="GET", rule="/v1/organizations", handler=self._list),
            Route(id=f"{base}.get", method="GET", rule=ORGANIZATION, handler=self._get),
            Route(
                id=f"{base}.environments.create",
                method="POST",
                rule=f"{ORGANIZATION}/environments",
                handler=self._create_environment,
                query=("name",),
            ),
            Route(
                id=f"{base}.environments.list",
                method="GET",
                rule=f"{ORGANIZATION}/environments",
                handler=self._list_environments,
            ),
            Route(id=f"{base}.environments.get", method="GET", rule=ENVIRONMENT, handler=self._get_environment),
            Route(
                id=f"{base}.environments.delete", method="DELETE", rule=ENVIRONMENT, handler=self._delete_environment
            ),
        )

    def add(self, name: str) -> Organization:
        """Make an organization."""
        now = self._store.now()
        document = {"name": name, "createdAt": now, "lastModifiedAt": now, "state": "ACTIVE", "runtimeType": "CLOUD"}
        organization = self._store.organizations[name] = Organization(document=document)
        return organization

    def add_environment(self, organization: Organization, document: Document) -> Document:
        """Make an environment of a document that has a name."""
        now = self._store.now()
        document = {"deploymentType": "PROXY", "apiProxyType": "PROGRAMMABLE", **document}
        document |= {"createdAt": now, "lastModifiedAt": now, "state": "ACTIVE"}
        organization.environments[document["name"]] = Environment(document=document)
        return document

    def _create(self, ask: Ask) -> Document:
        """Make an organization; real ones are named after their project."""
        document = ask.fields(ORGANIZATION_FIELDS)
        project = ask.query.get("parent", "").removeprefix("projects/")
        name = document.get("name") or project
        if not name:
            raise invalid(reason="parent is required")
        if name in self._store.organizations:
            raise already_exists(resource=f"organizations/{name}")
        organization = self.add(name)
        organization.document |= document | {"name": name, "projectId": project or name}
        return self._operations.start(
            organization, "INSERT", f"organizations/{name}", organization.document, "Organization"
        )

    def _list(self, ask: Ask) -> Document:
        ask.fields(())
        names = [{"organization": name, "projectId": name, "projectIds": [name]} for name in self._store.organizations]
        return {"organizations": names}

    def _get(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        return organization.document | {"environments": list(organization.environments)}

    def _create_environment(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        document = ask.fields(ENVIRONMENT_FIELDS)
        document.setdefault("name", ask.query.get("name", ""))
        place = f"organizations/{organization.name}/environments/{document['name']}"
        if not document["name"]:
            raise invalid(reason="name is required")
        if document["name"] in organization.environments:
            raise already_exists(resource=place)
        made = self.add_environment(organization, document)
        return self._operations.start(organization, "INSERT", place, made, "Environment")

    def _list_environments(self, ask: Ask) -> list[str]:
        """Return names; the discovery document leaves this method out, gcloud and apigeecli use it."""
        return list(self._store.organization(ask.path["organization"]).environments)

    def _get_environment(self, ask: Ask) -> Document:
        return self._store.environment(ask.path["organization"], ask.path["environment"]).document

    def _delete_environment(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        name = ask.path["environment"]
        environment = self._store.environment(organization.name, name)
        place = f"organizations/{organization.name}/environments/{name}"
        if environment.deployments or organization.groups_of(name):
            raise failed_precondition(place, "IN_USE", f"environment {name} has deployments or attachments")
        del organization.environments[name]
        return self._operations.start(organization, "DELETE", place, environment.document, "Environment")
