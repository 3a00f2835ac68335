"""VerifyAPIKey: which app a key belongs to, and whether one of its products has this call.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/verify-api-key-policy
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.policies.settings import Setting, setting
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, Shape, policy

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context, Place
    from mldeploy_sandbox.apigee.store import Document

APPROVED = "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A key and whose it is."""

    developer: Document
    app: Document
    key: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyApiKey:
    """Looks a key up."""

    SHAPE: ClassVar[Shape] = policy(APIKey=REFERENCE, CacheExpiryInSeconds=REFERENCE, IgnoreUnresolvedVariables=TEXT)
    name: str
    key: Setting

    @classmethod
    def from_xml(cls, name: str, document: Element) -> VerifyApiKey:
        """Read the policy."""
        return cls(name=name, key=setting(document, "APIKey"))

    def run(self, context: Context) -> None:
        """Check the key and set the variables of its app and product.

        Raises:
            Fault: there is no key, or it must not call this.
        """
        value = self.key.read(context)
        if not value:
            text = f"Failed to resolve API Key variable {self.key.variable}"
            raise self._fault(context, "steps.oauth.v2.FailedToResolveAPIKey", text)
        with context.services.store.lock:
            found = next((entry for entry in _registrations(context.place) if entry.key["consumerKey"] == value), None)
            if found is None:
                raise self._fault(context, "oauth.v2.InvalidApiKey", "Invalid ApiKey")
            self._check_state(found, context)
            product = next(_products(found.key, context), None)
        if product is None:
            text = "Invalid ApiKey for given resource"
            raise self._fault(context, "oauth.v2.InvalidApiKeyForGivenResource", text)
        self._note(found, product, context)

    def _check_state(self, found: Registration, context: Context) -> None:
        if found.app["status"] != APPROVED:
            text = "App not approved"
            raise self._fault(context, "keymanagement.service.invalid_client-app_not_approved", text)
        if found.key["status"] != APPROVED:
            raise self._fault(context, "oauth.v2.ApiKeyNotApproved", "Invalid ApiKey")
        if found.developer["status"] != "active":
            text = "Developer Status is not Active"
            raise self._fault(context, "keymanagement.service.DeveloperStatusNotActive", text)

    def _note(self, found: Registration, product: Document, context: Context) -> None:
        common = {
            "developer.app.name": found.app["name"],
            "developer.email": found.developer["email"],
            "apiproduct.name": product["name"],
            "client_id": found.key["consumerKey"],
        }
        quota = {
            f"apiproduct.developer.quota.{part}": product.get(field, "")
            for part, field in (("limit", "quota"), ("interval", "quotaInterval"), ("timeunit", "quotaTimeUnit"))
        }
        for variable, value in common.items():
            context.write(variable, str(value))
        for variable, value in (common | {part: value for part, value in quota.items() if value}).items():
            context.write(f"verifyapikey.{self.name}.{variable}", str(value))

    def _fault(self, context: Context, code: str, text: str) -> Fault:
        context.write(f"oauthV2.{self.name}.failed", "true")
        context.write(f"oauthV2.{self.name}.fault.name", code.rpartition(".")[2])
        return Fault(401, code, text)


def _registrations(place: Place) -> Iterator[Registration]:
    for developer in place.organization.developers.values():
        for app in developer.apps.values():
            for key in app["credentials"]:
                yield Registration(developer=developer.document, app=app, key=key)


def _products(key: Document, context: Context) -> Iterator[Document]:
    """Yield the approved products of a key that have this call."""
    for reference in key["apiProducts"]:
        product = context.place.organization.products.get(reference["apiproduct"])
        if product is not None and reference["status"] == APPROVED and _has(product, context):
            yield product


def _has(product: Document, context: Context) -> bool:
    place = context.place
    if product.get("environments") and place.deployment.environment not in product["environments"]:
        return False
    group = product.get("operationGroup")
    if group:
        return any(_operation(config, context) for config in group.get("operationConfigs", []))
    if product.get("proxies") and place.deployment.api not in product["proxies"]:
        return False
    resources = product.get("apiResources") or ["/"]
    return any(_covers(resource, place.suffix) for resource in resources)


def _operation(config: Document, context: Context) -> bool:
    if config.get("apiSource") != context.place.deployment.api:
        return False
    return any(
        _covers(operation.get("resource", "/"), context.place.suffix)
        and (not operation.get("methods") or context.request.verb in operation["methods"])
        for operation in config.get("operations", [])
    )


def _covers(resource: str, suffix: str) -> bool:
    """Tell whether a product's resource has a path; "/" has all (the discovery document's words on `apiResources`)."""
    if resource == "/":
        return True
    parts = re.split(r"(\*\*|\*)", resource)
    pattern = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(pattern, suffix) is not None
