"""AWS::ApiGateway::RestApi, made and changed by importing one OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON, content_hash, find_refs
from mldeploy_gateway.api_drift import differences
from mldeploy_gateway.api_gateway_driver import TaggedDriver
from mldeploy_gateway.intrinsics import evaluated
from mldeploy_gateway.resource_policies import EXTENSION, is_kept, is_ours


class RestApiDriver(TaggedDriver):
    """Spec: EndpointConfiguration, Body (the document). Outputs: RestApiId.

    Names of APIs are not unique: an API is ours when name and tags say so. The hash of the imported document is in the
    description, which the import itself sets, so that document and hash cannot disagree.
    """

    def find(self, step: Step) -> Observed | None:
        """Return our API, with the wanted document if that is the one that was imported and nobody changed it since."""
        api = next(iter(self._of(step)), None)
        if api is None:
            return None
        spec = {
            "EndpointConfiguration": {"Types": api["endpointConfiguration"]["types"]},
            "Body": self._body(api, step),
        }
        return Observed(outputs={"RestApiId": api["id"]}, spec=spec, drift=self.tag_drift(api.get("tags", {})))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the API with our tags, which an import alone cannot set, and import the document."""
        types = step.spec["EndpointConfiguration"]["Types"]
        api = self.client.create_rest_api(name=step.name, endpointConfiguration={"types": types}, tags=self.tags())
        return self._import(api["id"], step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Import the document again, which replaces everything but the type of the API's endpoint."""
        api_id = observed.outputs["RestApiId"]
        (live,), (wanted,) = (spec["EndpointConfiguration"]["Types"] for spec in (observed.spec, step.spec))
        if live != wanted:
            operation = {"op": "replace", "path": f"/endpointConfiguration/types/{live}", "value": wanted}
            self.client.update_rest_api(restApiId=api_id, patchOperations=[operation])
        return self._import(api_id, step)

    def path(self, step: Step, observed: Observed) -> str:  # noqa: ARG002 - the id is enough
        """Return where it is."""
        return f"/restapis/{observed.outputs['RestApiId']}"

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all that are ours go
        """Delete our APIs."""
        for api in self._of(step):
            self.client.delete_rest_api(restApiId=api["id"])

    def candidates(self) -> Iterable[Step]:
        """Yield the API of the release's name."""
        yield self.perhaps("AWS::ApiGateway::RestApi", self.stem, Phase.EXPOSE)

    def ours(self, name: str, known: JSON = None) -> list[dict[str, Any]]:
        """Return the APIs of a name with our tags, oldest first; more than one if a creation's answer was lost.

        Arguments:
            known: the id in the record; that API is ours without tags, too.
        """
        found = [api for api in self.items("get_rest_apis") if api["name"] == name]
        ours = [api for api in found if api["id"] == known or self.owns(api.get("tags", {}))]
        return sorted(ours, key=lambda api: api["createdDate"])

    def _of(self, step: Step) -> list[dict[str, Any]]:
        return self.ours(step.name, self.recorded(step, "RestApiId"))

    def _body(self, api: Mapping[str, Any], step: Step) -> JSON:
        """Return the wanted document, or what differs from it."""
        if "Body" not in step.spec or next(find_refs(step.spec["Body"]), None) is not None:
            return "known later"
        document = evaluated(step.spec["Body"], self.aws.region)
        if api.get("description") != _described(document)["info"]["description"]:
            return "another document"
        resources = self.items("get_resources", restApiId=api["id"], embed=["methods"])
        found = differences(document, resources)
        if not is_kept(document.get(EXTENSION), api.get("policy", "")):
            found.append("the resource policy")
        return f"changed by hand: {', '.join(found)}" if found else step.spec["Body"]

    def _import(self, api_id: str, step: Step) -> Mapping[str, JSON]:
        """Import the document; a policy of ours that it no longer has may stay, so it is taken away."""
        document = _described(evaluated(step.spec["Body"], self.aws.region))
        answer = self.client.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(document).encode())
        for warning in answer.get("warnings", []):
            self.context.progress(step.id, f"API Gateway warns: {warning}")
        if EXTENSION not in document and is_ours(answer.get("policy", "")):
            removal = {"op": "replace", "path": "/policy", "value": ""}
            self.client.update_rest_api(restApiId=api_id, patchOperations=[removal])
        return {"RestApiId": api_id}


def _described(document: JSON) -> JSON:
    """Return the document with its own hash in the description."""
    return {**document, "info": {**document["info"], "description": f"mldeploy document {content_hash(document)}"}}
