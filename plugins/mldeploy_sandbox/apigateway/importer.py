"""Makes a REST API from its definition, by API Gateway's own operations on moto.

Source of the two modes: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.plane import Call

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.definition import ApiDefinition, MethodDefinition, Settings
    from mldeploy_sandbox.world import World

REMOVALS = (
    ("GetAuthorizers", "DeleteAuthorizer", "authorizerId", "id"),
    ("GetRequestValidators", "DeleteRequestValidator", "requestValidatorId", "id"),
    ("GetModels", "DeleteModel", "modelName", "name"),
    ("GetGatewayResponses", "DeleteGatewayResponse", "responseType", "responseType"),
)
"""What `overwrite` empties besides resources: how to list, how to delete, and by which parameter and field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Imports into one API; hold moto's lock meanwhile, so that nobody deploys half an API."""

    world: World
    region: str
    api_id: str

    def overwrite(self, definition: ApiDefinition) -> None:
        """Make the API exactly what the definition says; stages, deployments and keys stay."""
        for listing, deletion, parameter, field in REMOVALS:
            for item in self._call(listing).get("items", []):
                self._call(deletion, **{parameter: item[field]})
        wanted = _with_ancestors(definition.paths)
        for path, resource in sorted(self._resources().items(), reverse=True):
            for http_method in resource.get("resourceMethods", {}):
                self._call("DeleteMethod", resourceId=resource["id"], httpMethod=http_method)
            if path not in wanted:
                self._call("DeleteResource", resourceId=resource["id"])
        self.merge(definition)

    def merge(self, definition: ApiDefinition) -> None:
        """Add the definition; methods that exist are replaced, everything else stays."""
        for model in definition.models:
            schema = model["schema"].replace("{api_id}", self.api_id)
            self._call("CreateModel", **{**model, "schema": schema})
        for response in definition.gateway_responses:
            self._call("PutGatewayResponse", **response)
        authorizers = self._named("GetAuthorizers", "CreateAuthorizer", definition.authorizers)
        validators = self._named("GetRequestValidators", "CreateRequestValidator", definition.validators)
        resources = self._make_resources(definition.paths)
        for method in definition.methods:
            self._make_method(resources[method.path], method, authorizers, validators)

    def _named(self, listing: str, creation: str, wanted: tuple[Settings, ...]) -> dict[str, str]:
        """Make named things, or replace those of the same name; return their ids by name."""
        deletion, parameter = next((row[1], row[2]) for row in REMOVALS if row[0] == listing)
        names = {item["name"] for item in wanted}
        for item in self._call(listing).get("items", []):
            if item["name"] in names:
                self._call(deletion, **{parameter: item["id"]})
        return {item["name"]: self._call(creation, **item)["id"] for item in wanted}

    def _resources(self) -> dict[str, dict[str, Any]]:
        return {item["path"]: item for item in self._call("GetResources")["items"]}

    def _make_resources(self, paths: tuple[str, ...]) -> dict[str, str]:
        """Make missing resources, parents first; return ids by path."""
        ids = {path: item["id"] for path, item in self._resources().items()}
        for path in sorted(_with_ancestors(paths)):
            if path not in ids:
                parent, _, part = path.rpartition("/")
                ids[path] = self._call("CreateResource", parentId=ids[parent or "/"], pathPart=part)["id"]
        return ids

    def _make_method(
        self,
        resource_id: str,
        method: MethodDefinition,
        authorizers: Mapping[str, str],
        validators: Mapping[str, str],
    ) -> None:
        place = {"resourceId": resource_id, "httpMethod": method.http_method}
        settings = dict(method.settings)
        if method.authorizer is not None:
            settings["authorizerId"] = authorizers[method.authorizer]
        if method.validator is not None:
            settings["requestValidatorId"] = validators[method.validator]
        self._call("PutMethod", **place, **settings)
        for status, response in method.responses.items():
            self._call("PutMethodResponse", **place, statusCode=status, **response)
        if method.integration is not None:
            self._call("PutIntegration", **place, **method.integration)
            for response in method.integration_responses:
                self._call("PutIntegrationResponse", **place, **response)

    def _call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.world.moto.answer(
            Call(
                service="apigateway",
                operation=operation,
                params={"restApiId": self.api_id, **params},
                region=self.region,
                account_id=self.world.account_id,
            )
        )


def _with_ancestors(paths: tuple[str, ...]) -> set[str]:
    """Return the paths and all their parents, including the root."""
    found = {"/"}
    for path in paths:
        parts = path.strip("/").split("/")
        found.update("/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return found
