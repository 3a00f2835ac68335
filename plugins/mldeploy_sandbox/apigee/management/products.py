"""API products: what a key may call, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import Code, GoogleError, already_exists, failed_precondition, invalid
from mldeploy_sandbox.apigee.management.routes import ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Document, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

FIELDS = (
    "name",
    "displayName",
    "description",
    "approvalType",
    "attributes",
    "environments",
    "proxies",
    "apiResources",
    "operationGroup",
    "quota",
    "quotaInterval",
    "quotaTimeUnit",
    "quotaCounterScope",
    "scopes",
    "createdAt",
    "lastModifiedAt",
)
TIME_UNITS = ("minute", "hour", "day", "month")
PRODUCTS = f"{ORGANIZATION}/apiproducts"
PRODUCT = f"{PRODUCTS}/<product>"


class Products:
    """The products of organizations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of products."""
        base = "organizations.apiproducts"
        return (
            Route(id=f"{base}.create", method="POST", rule=PRODUCTS, handler=self._create),
            Route(id=f"{base}.list", method="GET", rule=PRODUCTS, handler=self._list, query=("expand",)),
            Route(id=f"{base}.get", method="GET", rule=PRODUCT, handler=self._get),
            Route(id=f"{base}.update", method="PUT", rule=PRODUCT, handler=self._update),
            Route(id=f"{base}.delete", method="DELETE", rule=PRODUCT, handler=self._delete),
        )

    def _document(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        document = ask.fields(FIELDS, ("displayName",))
        for api in document.get("proxies", []):
            if api not in organization.apis:
                raise invalid(reason=f"API proxy {api} does not exist")
        for environment in document.get("environments", []):
            if environment not in organization.environments:
                message = f"generic::invalid_argument: environment {environment} does not exist"
                raise GoogleError(Code.INVALID_ARGUMENT, message)
        if document.get("operationGroup") and document.get("apiResources"):
            message = "generic::invalid_argument: apiResources and operationGroup exclude each other"
            raise GoogleError(Code.INVALID_ARGUMENT, message)
        if document.get("quotaTimeUnit", "day") not in TIME_UNITS:
            message = f"generic::invalid_argument: quotaTimeUnit must be one of {', '.join(TIME_UNITS)}"
            raise GoogleError(Code.INVALID_ARGUMENT, message)
        return document

    def _create(self, ask: Ask) -> Document:
        products = self._store.organization(ask.path["organization"]).products
        document, now = self._document(ask), self._store.now()
        if not document.get("name"):
            raise invalid(reason="name is required")
        if document["name"] in products:
            raise already_exists(resource=f"organizations/{ask.path['organization']}/apiproducts/{document['name']}")
        document = {"approvalType": "auto", **document, "createdAt": now, "lastModifiedAt": now}
        products[document["name"]] = document
        return document

    def _list(self, ask: Ask) -> Document:
        products = self._store.organization(ask.path["organization"]).products
        if ask.flag("expand"):
            return {"apiProduct": list(products.values())}
        return {"apiProduct": [{"name": name} for name in products]}

    def _get(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        return found(organization.products, ask.path["product"], f"organizations/{organization.name}/apiproducts")

    def _update(self, ask: Ask) -> Document:
        old, document = self._get(ask), self._document(ask)
        kept = {"name": old["name"], "createdAt": old["createdAt"], "lastModifiedAt": self._store.now()}
        document = {"approvalType": "auto"} | document | kept
        self._store.organization(ask.path["organization"]).products[old["name"]] = document
        return document

    def _delete(self, ask: Ask) -> Document:
        product = self._get(ask)
        organization = self._store.organization(ask.path["organization"])
        for developer in organization.developers.values():
            for app in developer.apps.values():
                if any(
                    product["name"] == ref["apiproduct"] for key in app["credentials"] for ref in key["apiProducts"]
                ):
                    place = f"organizations/{organization.name}/apiproducts/{product['name']}"
                    raise failed_precondition(place, "IN_USE", f"the app {app['name']} has a key for this product")
        return organization.products.pop(product["name"])
