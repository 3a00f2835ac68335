"""Developers, their apps, and the apps' keys."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigee.errors import already_exists
from mldeploy_sandbox.apigee.management.routes import ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Developer, Document, Organization, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

DEVELOPER_FIELDS = ("email", "firstName", "lastName", "userName", "attributes")
APP_FIELDS = ("name", "apiProducts", "attributes", "callbackUrl", "keyExpiresIn", "scopes")
DEVELOPERS = f"{ORGANIZATION}/developers"
DEVELOPER = f"{DEVELOPERS}/<developer>"
APPS = f"{DEVELOPER}/apps"
APP = f"{APPS}/<app>"


class Developers:
    """Developers and apps; keys that exist are changed by `Keys`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of developers and apps."""
        base = "organizations.developers"
        return (
            Route(id=f"{base}.create", method="POST", rule=DEVELOPERS, handler=self._create),
            Route(id=f"{base}.list", method="GET", rule=DEVELOPERS, handler=self._list, query=("expand",)),
            Route(id=f"{base}.get", method="GET", rule=DEVELOPER, handler=self._get),
            Route(id=f"{base}.update", method="PUT", rule=DEVELOPER, handler=self._update),
            Route(id=f"{base}.delete", method="DELETE", rule=DEVELOPER, handler=self._delete),
            Route(id=f"{base}.apps.create", method="POST", rule=APPS, handler=self._create_app),
            Route(id=f"{base}.apps.list", method="GET", rule=APPS, handler=self._list_apps, query=("expand",)),
            Route(id=f"{base}.apps.get", method="GET", rule=APP, handler=self._get_app),
            Route(id=f"{base}.apps.update", method="PUT", rule=APP, handler=self._update_app),
            Route(id=f"{base}.apps.delete", method="DELETE", rule=APP, handler=self._delete_app),
        )

    def _developer(self, ask: Ask) -> tuple[Organization, Developer]:
        organization = self._store.organization(ask.path["organization"])
        place = f"organizations/{organization.name}/developers"
        return organization, found(organization.developers, ask.path["developer"], place)

    def _app(self, ask: Ask) -> Document:
        return found(self._developer(ask)[1].apps, ask.path["app"], f"developers/{ask.path['developer']}/apps")

    def _create(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        document, now = ask.fields(DEVELOPER_FIELDS, ("email", "firstName", "lastName", "userName")), self._store.now()
        if document["email"] in organization.developers:
            raise already_exists(resource=f"organizations/{organization.name}/developers/{document['email']}")
        document |= {"developerId": str(uuid.uuid4()), "organizationName": organization.name, "status": "active"}
        document |= {"createdAt": now, "lastModifiedAt": now}
        organization.developers[document["email"]] = Developer(document=document)
        return document

    def _list(self, ask: Ask) -> Document:
        developers = self._store.organization(ask.path["organization"]).developers.values()
        if ask.flag("expand"):
            return {"developer": [_shown(developer) for developer in developers]}
        return {"developer": [{"email": developer.document["email"]} for developer in developers]}

    def _get(self, ask: Ask) -> Document:
        return _shown(self._developer(ask)[1])

    def _update(self, ask: Ask) -> Document:
        _, developer = self._developer(ask)
        document = ask.fields((*DEVELOPER_FIELDS, "developerId", "status"), ("email", "firstName", "lastName"))
        developer.document |= document | {"lastModifiedAt": self._store.now()}
        return _shown(developer)

    def _delete(self, ask: Ask) -> Document:
        organization, developer = self._developer(ask)
        del organization.developers[ask.path["developer"]]
        return _shown(developer)

    def _create_app(self, ask: Ask) -> Document:
        organization, developer = self._developer(ask)
        document, now = ask.fields(APP_FIELDS, ("name",)), self._store.now()
        products = document.pop("apiProducts", [])
        if document["name"] in developer.apps:
            raise already_exists(resource=f"developers/{ask.path['developer']}/apps/{document['name']}")
        key = new_key(organization, products, now)
        app = {"appId": str(uuid.uuid4()), "developerId": developer.document["developerId"], "status": "approved"}
        app |= document | {"credentials": [key], "createdAt": now, "lastModifiedAt": now}
        developer.apps[document["name"]] = app
        return app

    def _list_apps(self, ask: Ask) -> Document:
        apps = self._developer(ask)[1].apps.values()
        if ask.flag("expand"):
            return {"app": list(apps)}
        return {"app": [{"appId": app["appId"], "name": app["name"]} for app in apps]}

    def _get_app(self, ask: Ask) -> Document:
        return self._app(ask)

    def _update_app(self, ask: Ask) -> Document:
        """Change attributes; with `apiProducts`, the first key gets them."""
        organization, app = self._developer(ask)[0], self._app(ask)
        document = ask.fields((*APP_FIELDS, "appId", "developerId", "status", "credentials"))
        for product in document.pop("apiProducts", []):
            allow(organization, app["credentials"][0], product)
        document.pop("credentials", None)
        app |= document | {"name": app["name"], "lastModifiedAt": self._store.now()}
        self._developer(ask)[1].apps[app["name"]] = app
        return app

    def _delete_app(self, ask: Ask) -> Document:
        app = self._app(ask)
        del self._developer(ask)[1].apps[app["name"]]
        return app


def new_key(organization: Organization, products: Iterable[str], now: str, **given: str) -> Document:
    """Return a key for products.

    Arguments:
        given: `consumerKey` and `consumerSecret` of a key that comes from elsewhere.

    Raises:
        GoogleError: NOT_FOUND: no such product.
    """
    key: dict[str, Any] = {
        "consumerKey": given.get("consumerKey") or secrets.token_urlsafe(36),
        "consumerSecret": given.get("consumerSecret") or secrets.token_urlsafe(48),
        "apiProducts": [],
        "issuedAt": now,
        "expiresAt": "-1",
        "status": "approved",
    }
    for product in products:
        allow(organization, key, product)
    return key


def allow(organization: Organization, key: Document, product: str) -> None:
    """Let a key call what a product has; approved at once unless the product says `manual`.

    Raises:
        GoogleError: NOT_FOUND: no such product.
    """
    document = found(organization.products, product, f"organizations/{organization.name}/apiproducts")
    if all(ref["apiproduct"] != product for ref in key["apiProducts"]):
        status = "pending" if document.get("approvalType") == "manual" else "approved"
        key["apiProducts"].append({"apiproduct": product, "status": status})


def _shown(developer: Developer) -> Document:
    return developer.document | {"apps": list(developer.apps)}
