"""Environment groups: which hostnames lead to which environments."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import already_exists, failed_precondition, invalid
from mldeploy_sandbox.apigee.management.routes import ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Document, Group, Organization, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.management.operations import Operations
    from mldeploy_sandbox.apigee.store import Store

GROUPS = f"{ORGANIZATION}/envgroups"
GROUP = f"{GROUPS}/<group>"
ATTACHMENTS = f"{GROUP}/attachments"


class Groups:
    """Environment groups and their attachments."""

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store = store
        self._operations = operations

    def routes(self) -> Iterable[Route]:
        """Return the routes of environment groups."""
        base = "organizations.envgroups"
        one = f"{ATTACHMENTS}/<attachment>"
        return (
            Route(id=f"{base}.create", method="POST", rule=GROUPS, handler=self._create, query=("name",)),
            Route(id=f"{base}.list", method="GET", rule=GROUPS, handler=self._list),
            Route(id=f"{base}.get", method="GET", rule=GROUP, handler=self._get),
            Route(id=f"{base}.patch", method="PATCH", rule=GROUP, handler=self._patch, query=("updateMask",)),
            Route(id=f"{base}.delete", method="DELETE", rule=GROUP, handler=self._delete),
            Route(id=f"{base}.attachments.create", method="POST", rule=ATTACHMENTS, handler=self._attach),
            Route(id=f"{base}.attachments.list", method="GET", rule=ATTACHMENTS, handler=self._list_attachments),
            Route(id=f"{base}.attachments.get", method="GET", rule=one, handler=self._get_attachment),
            Route(id=f"{base}.attachments.delete", method="DELETE", rule=one, handler=self._detach),
        )

    def add(self, organization: Organization, name: str, hostnames: Iterable[str]) -> Group:
        """Make an environment group."""
        now = self._store.now()
        document = {"name": name, "hostnames": list(hostnames), "createdAt": now, "lastModifiedAt": now}
        group = organization.groups[name] = Group(document=document | {"state": "ACTIVE"})
        return group

    def attach(self, group: Group, environment: str) -> Document:
        """Let a group's hostnames lead to an environment."""
        name = str(uuid.uuid4())
        attachment = {"name": name, "environment": environment, "createdAt": self._store.now()}
        group.attachments[name] = attachment | {"environmentGroupId": group.document["name"]}
        return group.attachments[name]

    def _group(self, ask: Ask) -> tuple[Organization, Group, str]:
        organization = self._store.organization(ask.path["organization"])
        place = f"organizations/{organization.name}/envgroups"
        group = found(organization.groups, ask.path["group"], place)
        return organization, group, f"{place}/{ask.path['group']}"

    def _check_hostnames(self, organization: Organization, name: str, hostnames: Iterable[str]) -> None:
        """Refuse a hostname of another group: a request could not be routed then."""
        for other, group in organization.groups.items():
            if other != name and set(group.document["hostnames"]) & set(hostnames):
                place = f"organizations/{organization.name}/envgroups/{name}"
                raise failed_precondition(place, "HOSTNAME_CONFLICT", f"a hostname belongs to the group {other}")

    def _create(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        document = ask.fields(("name", "hostnames"), ("hostnames",))
        name = document.get("name") or ask.query.get("name", "")
        if not name:
            raise invalid(reason="name is required")
        place = f"organizations/{organization.name}/envgroups/{name}"
        if name in organization.groups:
            raise already_exists(resource=place)
        self._check_hostnames(organization, name, document["hostnames"])
        group = self.add(organization, name, document["hostnames"])
        return self._operations.start(organization, "INSERT", place, group.document, "EnvironmentGroup")

    def _list(self, ask: Ask) -> Document:
        groups = self._store.organization(ask.path["organization"]).groups.values()
        return {"environmentGroups": [group.document for group in groups]}

    def _get(self, ask: Ask) -> Document:
        return self._group(ask)[1].document

    def _patch(self, ask: Ask) -> Document:
        organization, group, place = self._group(ask)
        document = ask.fields(("name", "hostnames"), ("hostnames",))
        self._check_hostnames(organization, ask.path["group"], document["hostnames"])
        group.document |= {"hostnames": document["hostnames"], "lastModifiedAt": self._store.now()}
        return self._operations.start(organization, "UPDATE", place, group.document, "EnvironmentGroup")

    def _delete(self, ask: Ask) -> Document:
        organization, group, place = self._group(ask)
        if group.attachments:
            raise failed_precondition(place, "IN_USE", "the environment group has attachments")
        del organization.groups[ask.path["group"]]
        return self._operations.start(organization, "DELETE", place, group.document, "EnvironmentGroup")

    def _attach(self, ask: Ask) -> Document:
        organization, group, place = self._group(ask)
        environment = ask.fields(("name", "environment"), ("environment",))["environment"]
        self._store.environment(organization.name, environment)
        if any(attached["environment"] == environment for attached in group.attachments.values()):
            raise already_exists(resource=f"{place}/attachments of environment {environment}")
        attachment = self.attach(group, environment)
        target = f"{place}/attachments/{attachment['name']}"
        return self._operations.start(organization, "INSERT", target, attachment, "EnvironmentGroupAttachment")

    def _list_attachments(self, ask: Ask) -> Document:
        return {"environmentGroupAttachments": list(self._group(ask)[1].attachments.values())}

    def _get_attachment(self, ask: Ask) -> Document:
        _, group, place = self._group(ask)
        return found(group.attachments, ask.path["attachment"], f"{place}/attachments")

    def _detach(self, ask: Ask) -> Document:
        organization, group, place = self._group(ask)
        attachment = found(group.attachments, ask.path["attachment"], f"{place}/attachments")
        del group.attachments[ask.path["attachment"]]
        target = f"{place}/attachments/{attachment['name']}"
        return self._operations.start(organization, "DELETE", target, attachment, "EnvironmentGroupAttachment")
