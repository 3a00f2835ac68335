"""Key value maps of organizations, environments and API proxies; entries are always encrypted in Apigee X.

A map with `maskedValues` never shows its values again; the runtime reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import already_exists, invalid
from mldeploy_sandbox.apigee.management.routes import ENVIRONMENT, ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Document, KeyValueMap, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

PAGE_SIZE = 100
"""As the discovery document says of `entries.list`."""

MASK = "*****"
SCOPES = {
    "organizations.keyvaluemaps": ORGANIZATION,
    "organizations.environments.keyvaluemaps": ENVIRONMENT,
    "organizations.apis.keyvaluemaps": f"{ORGANIZATION}/apis/<api>",
}


class KeyValueMaps:
    """The maps of all three scopes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of maps and entries."""
        for base, scope in SCOPES.items():
            maps, one = f"{scope}/keyvaluemaps", f"{scope}/keyvaluemaps/<map>"
            entries, entry = f"{one}/entries", f"{one}/entries/<entry>"
            yield Route(id=f"{base}.create", method="POST", rule=maps, handler=self._create)
            yield Route(id=f"{base}.list", method="GET", rule=maps, handler=self._list)
            yield Route(id=f"{base}.get", method="GET", rule=one, handler=self._get)
            yield Route(id=f"{base}.update", method="PUT", rule=one, handler=self._update)
            yield Route(id=f"{base}.delete", method="DELETE", rule=one, handler=self._delete)
            yield Route(id=f"{base}.entries.create", method="POST", rule=entries, handler=self._create_entry)
            yield Route(
                id=f"{base}.entries.list",
                method="GET",
                rule=entries,
                handler=self._list_entries,
                query=("pageSize", "pageToken"),
            )
            yield Route(id=f"{base}.entries.get", method="GET", rule=entry, handler=self._get_entry)
            yield Route(id=f"{base}.entries.update", method="PUT", rule=entry, handler=self._update_entry)
            yield Route(id=f"{base}.entries.delete", method="DELETE", rule=entry, handler=self._delete_entry)

    def _maps(self, ask: Ask) -> dict[str, KeyValueMap]:
        organization = self._store.organization(ask.path["organization"])
        if "environment" in ask.path:
            return self._store.environment(organization.name, ask.path["environment"]).key_value_maps
        if "api" in ask.path:
            place = f"organizations/{organization.name}/apis"
            return found(organization.apis, ask.path["api"], place).key_value_maps
        return organization.key_value_maps

    def _map(self, ask: Ask) -> KeyValueMap:
        return found(self._maps(ask), ask.path["map"], "keyvaluemaps")

    def _create(self, ask: Ask) -> Document:
        maps = self._maps(ask)
        document = ask.fields(("name", "encrypted", "maskedValues"), ("name",)) | {"encrypted": True}
        if document["name"] in maps:
            raise already_exists(resource=f"keyvaluemaps/{document['name']}")
        maps[document["name"]] = KeyValueMap(document=document)
        return document

    def _list(self, ask: Ask) -> list[str]:
        """Return names; the discovery document leaves this method out."""
        return list(self._maps(ask))

    def _get(self, ask: Ask) -> Document:
        return self._map(ask).document

    def _update(self, ask: Ask) -> Document:
        stored = self._map(ask)
        stored.document |= ask.fields(("name", "encrypted", "maskedValues")) | {"encrypted": True}
        return stored.document

    def _delete(self, ask: Ask) -> Document:
        document = self._map(ask).document
        del self._maps(ask)[ask.path["map"]]
        return document

    def _create_entry(self, ask: Ask) -> Document:
        stored = self._map(ask)
        document = ask.fields(("name", "value"), ("name",))
        if document["name"] in stored.entries:
            raise already_exists(resource=f"keyvaluemaps/{ask.path['map']}/entries/{document['name']}")
        return self._put(stored, document["name"], document.get("value", ""))

    def _list_entries(self, ask: Ask) -> Document:
        stored = self._map(ask)
        names = sorted(stored.entries)
        names = names[names.index(token) :] if (token := ask.query.get("pageToken")) in stored.entries else names
        size = int(ask.query.get("pageSize") or PAGE_SIZE)
        page = {"keyValueEntries": [_shown(stored, name) for name in names[:size]]}
        return page | {"nextPageToken": names[size]} if names[size:] else page

    def _get_entry(self, ask: Ask) -> Document:
        stored = self._map(ask)
        found(stored.entries, ask.path["entry"], f"keyvaluemaps/{ask.path['map']}/entries")
        return _shown(stored, ask.path["entry"])

    def _update_entry(self, ask: Ask) -> Document:
        stored, name = self._map(ask), ask.path["entry"]
        found(stored.entries, name, f"keyvaluemaps/{ask.path['map']}/entries")
        return self._put(stored, name, ask.fields(("name", "value")).get("value", ""))

    def _delete_entry(self, ask: Ask) -> Document:
        stored, name = self._map(ask), ask.path["entry"]
        shown = self._get_entry(ask)
        del stored.entries[name]
        return shown

    def _put(self, stored: KeyValueMap, name: str, value: object) -> Document:
        if not isinstance(value, str) or not value:
            raise invalid(reason="value is required")
        stored.entries[name] = value
        return _shown(stored, name)


def _shown(stored: KeyValueMap, name: str) -> Document:
    return {"name": name, "value": MASK if stored.document.get("maskedValues") else stored.entries[name]}
