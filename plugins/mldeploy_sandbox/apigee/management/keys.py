"""The keys of apps: custom ones, their products, approval and revocation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import already_exists, invalid, not_found
from mldeploy_sandbox.apigee.management.developers import APP, allow, new_key
from mldeploy_sandbox.apigee.management.routes import Ask, Route
from mldeploy_sandbox.apigee.store import Document, Organization, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

FIELDS = ("consumerKey", "consumerSecret", "apiProducts", "attributes", "scopes", "expiresInSeconds")
KEYS = f"{APP}/keys"
KEY = f"{KEYS}/<key>"
ACTIONS = {"approve": "approved", "revoke": "revoked"}


class Keys:
    """Keys of apps that exist."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of keys."""
        base = "organizations.developers.apps.keys"
        product = f"{KEY}/apiproducts/<product>"
        return (
            Route(id=f"{base}.create", method="POST", rule=KEYS, handler=self._create),
            Route(id=f"{base}.create.create", method="POST", rule=f"{KEYS}/create", handler=self._create),
            Route(id=f"{base}.get", method="GET", rule=KEY, handler=self._get),
            Route(id=f"{base}.updateDeveloperAppKey", method="POST", rule=KEY, handler=self._update, query=("action",)),
            Route(id=f"{base}.delete", method="DELETE", rule=KEY, handler=self._delete),
            Route(
                id=f"{base}.apiproducts.updateDeveloperAppKeyApiProduct",
                method="POST",
                rule=product,
                handler=self._change_product,
                query=("action",),
            ),
            Route(id=f"{base}.apiproducts.delete", method="DELETE", rule=product, handler=self._remove_product),
        )

    def _app(self, ask: Ask) -> tuple[Organization, Document]:
        organization = self._store.organization(ask.path["organization"])
        developer = found(
            organization.developers, ask.path["developer"], f"organizations/{organization.name}/developers"
        )
        return organization, found(developer.apps, ask.path["app"], f"developers/{ask.path['developer']}/apps")

    def _key(self, ask: Ask) -> Document:
        keys = {key["consumerKey"]: key for key in self._app(ask)[1]["credentials"]}
        return found(keys, ask.path["key"], f"apps/{ask.path['app']}/keys")

    def _create(self, ask: Ask) -> Document:
        organization, app = self._app(ask)
        given = ask.fields(FIELDS, ("consumerKey", "consumerSecret"))
        taken = {
            key["consumerKey"]
            for developer in organization.developers.values()
            for other in developer.apps.values()
            for key in other["credentials"]
        }
        if given["consumerKey"] in taken:
            raise already_exists(resource=f"apps/{ask.path['app']}/keys")
        pair = {name: given[name] for name in ("consumerKey", "consumerSecret")}
        key = new_key(organization, (), self._store.now(), **pair)
        app["credentials"].append(key)
        return key

    def _get(self, ask: Ask) -> Document:
        return self._key(ask)

    def _update(self, ask: Ask) -> Document:
        """Add products, or approve or revoke the key."""
        key, organization = self._key(ask), self._app(ask)[0]
        if "action" in ask.query:
            key["status"] = _status(ask)
        for product in ask.fields(FIELDS).get("apiProducts", []):
            allow(organization, key, product["apiproduct"] if isinstance(product, dict) else product)
        return key

    def _delete(self, ask: Ask) -> Document:
        key = self._key(ask)
        self._app(ask)[1]["credentials"].remove(key)
        return key

    def _reference(self, ask: Ask) -> Document:
        for reference in self._key(ask)["apiProducts"]:
            if reference["apiproduct"] == ask.path["product"]:
                return dict(reference)
        raise not_found(resource=f"keys/{ask.path['key']}/apiproducts/{ask.path['product']}")

    def _change_product(self, ask: Ask) -> Document:
        old, key = self._reference(ask), self._key(ask)
        key["apiProducts"].remove(old)
        key["apiProducts"].append(old | {"status": _status(ask)})
        return {}

    def _remove_product(self, ask: Ask) -> Document:
        key = self._key(ask)
        key["apiProducts"].remove(self._reference(ask))
        return key


def _status(ask: Ask) -> str:
    action = ask.query.get("action", "")
    if action not in ACTIONS:
        raise invalid(reason=f"action {action!r}")
    return ACTIONS[action]
