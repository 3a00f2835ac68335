"""API proxies and their revisions: imported bundles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigee.bundle import Bundle, read_bundle
from mldeploy_sandbox.apigee.errors import failed_precondition, invalid
from mldeploy_sandbox.apigee.management.routes import ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Api, Document, Organization, Revision, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

NAME = re.compile(r"[A-Za-z0-9._-]+")
"""As the discovery document says of `apis.create`."""

APIS = f"{ORGANIZATION}/apis"
API = f"{APIS}/<api>"
REVISION = f"{API}/revisions/<revision>"


class Apis:
    """API proxies of organizations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of API proxies and revisions."""
        base = "organizations.apis"
        return (
            Route(
                id=f"{base}.create",
                method="POST",
                rule=APIS,
                handler=self._create,
                query=("name", "action"),
            ),
            Route(id=f"{base}.list", method="GET", rule=APIS, handler=self._list, query=("includeRevisions",)),
            Route(id=f"{base}.get", method="GET", rule=API, handler=self._get),
            Route(id=f"{base}.patch", method="PATCH", rule=API, handler=self._patch, query=("updateMask",)),
            Route(id=f"{base}.delete", method="DELETE", rule=API, handler=self._delete),
            Route(id=f"{base}.revisions.list", method="GET", rule=f"{API}/revisions", handler=self._list_revisions),
            Route(
                id=f"{base}.revisions.get", method="GET", rule=REVISION, handler=self._get_revision, query=("format",)
            ),
            Route(id=f"{base}.revisions.delete", method="DELETE", rule=REVISION, handler=self._delete_revision),
        )

    def _api(self, ask: Ask) -> tuple[Organization, Api]:
        organization = self._store.organization(ask.path["organization"])
        return organization, found(organization.apis, ask.path["api"], f"organizations/{organization.name}/apis")

    def _revision(self, ask: Ask) -> Revision:
        place = f"organizations/{ask.path['organization']}/apis/{ask.path['api']}/revisions"
        return found(self._api(ask)[1].revisions, ask.path["revision"], place)

    def _create(self, ask: Ask) -> Document:
        """Import a bundle, or only check it."""
        organization = self._store.organization(ask.path["organization"])
        name, action = ask.query.get("name", ""), ask.query.get("action", "")
        if action not in {"import", "validate"}:
            raise invalid(reason=f"action {action!r}")
        if not NAME.fullmatch(name) and action == "import":
            raise invalid(reason=f"name {name!r}")
        archive = _upload(ask)
        bundle = read_bundle(archive)
        if action == "validate":
            return _document(bundle, name or bundle.name, "0", self._store.now())
        return self._import(organization, name, archive, bundle)

    def _import(self, organization: Organization, name: str, archive: bytes, bundle: Bundle) -> Document:
        if name not in organization.apis:
            document = {"name": name, "apiProxyType": "PROGRAMMABLE", "labels": {}}
            organization.apis[name] = Api(document=document)
        api = organization.apis[name]
        api.last_revision += 1
        number = str(api.last_revision)
        document = _document(bundle, name, number, self._store.now())
        api.revisions[number] = Revision(archive=archive, bundle=bundle, document=document)
        return document

    def _list(self, ask: Ask) -> Document:
        apis = self._store.organization(ask.path["organization"]).apis
        if ask.flag("includeRevisions"):
            return {"proxies": [_shown(api) for api in apis.values()]}
        return {"proxies": [{"name": name, "apiProxyType": "PROGRAMMABLE"} for name in apis]}

    def _get(self, ask: Ask) -> Document:
        return _shown(self._api(ask)[1])

    def _patch(self, ask: Ask) -> Document:
        api = self._api(ask)[1]
        if ask.query.get("updateMask", "labels") != "labels":
            raise invalid(reason="only labels can be changed")
        api.document["labels"] = ask.fields(("labels",)).get("labels", {})
        return _shown(api)

    def _delete(self, ask: Ask) -> Document:
        organization, api = self._api(ask)
        deployed = _deployed(organization, ask.path["api"])
        if deployed:
            place = f"organizations/{organization.name}/apis/{ask.path['api']}"
            raise failed_precondition(place, "DEPLOYED", f"the API proxy is deployed: {', '.join(deployed)}")
        del organization.apis[ask.path["api"]]
        return _shown(api)

    def _list_revisions(self, ask: Ask) -> list[str]:
        """Return numbers; the discovery document leaves this method out."""
        return list(self._api(ask)[1].revisions)

    def _get_revision(self, ask: Ask) -> Document | Answer:
        revision = self._revision(ask)
        if ask.query.get("format") == "bundle":
            return Answer(status=200, headers=[("Content-Type", "application/zip")], body=revision.archive)
        return revision.document

    def _delete_revision(self, ask: Ask) -> Document:
        revision, (organization, api) = self._revision(ask), self._api(ask)
        number = ask.path["revision"]
        deployed = _deployed(organization, ask.path["api"], number)
        if deployed:
            place = f"organizations/{organization.name}/apis/{ask.path['api']}/revisions/{number}"
            raise failed_precondition(place, "DEPLOYED", f"the revision is deployed: {', '.join(deployed)}")
        del api.revisions[number]
        return revision.document


def _upload(ask: Ask) -> bytes:
    """Return the archive, from a form as the documentation has it or as the whole body."""
    for upload in ask.request.files.values():
        return bytes(upload.read())
    return ask.request.get_data()


def _document(bundle: Bundle, name: str, number: str, now: str) -> Document:
    servers = [server.get("name", "") for target in bundle.targets.values() for server in target.iter("Server")]
    return {
        "name": name,
        "revision": number,
        "displayName": bundle.display_name,
        "description": bundle.description,
        "basepaths": bundle.base_paths,
        "policies": sorted(bundle.policies),
        "proxies": sorted(bundle.proxies),
        "proxyEndpoints": sorted(bundle.proxies),
        "targets": sorted(bundle.targets),
        "targetEndpoints": sorted(bundle.targets),
        "targetServers": sorted(set(servers)),
        "resources": list(bundle.resources),
        "configurationVersion": {"majorVersion": 4, "minorVersion": 0},
        "createdAt": now,
        "lastModifiedAt": now,
        "type": "Application",
    }


def _deployed(organization: Organization, api: str, number: str = "") -> list[str]:
    """Return where an API proxy, or one revision of it, is deployed."""
    return [
        f"revision {revision} in {name}"
        for name, environment in organization.environments.items()
        for deployed, revision in environment.deployments
        if deployed == api and number in ("", revision)
    ]


def _shown(api: Api) -> Document:
    documents = [revision.document for revision in api.revisions.values()]
    shown = api.document | {"revision": list(api.revisions)}
    if not documents:
        return shown
    metadata = {"createdAt": documents[0]["createdAt"], "lastModifiedAt": documents[-1]["createdAt"]}
    return shown | {"latestRevisionId": documents[-1]["revision"], "metaData": metadata | {"subType": "Proxy"}}
