"""Apigee::KeyValueMap: where the proxy finds the key of the origin and its own credentials, encrypted.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.environments.keyvaluemaps
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_apigee.bundle.headers import KEY_ENTRY
from mldeploy_apigee.bundle.introspection import CREDENTIALS_ENTRY
from mldeploy_apigee.client_secrets import client_credentials, described
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, environment_path, map_name
from mldeploy_aws.failures import translated as aws_translated

ID_ENTRY = "origin-key-id"
LABEL_ENTRY = "introspection-credentials-id"


class KeyValueMapDriver(ApigeeDriver):
    """Spec: organization, environment, encrypted, originKeyId (an API key of API Gateway), introspection. No outputs.

    `introspection` is None, or the clientId and the secretName that holds its secret. Values go from AWS to Apigee and
    stay nowhere else; an entry beside each says which one it is, and is written last and deleted last. Maps carry
    neither labels nor descriptions: ours are known by the prefix of their names.
    """

    parents = ("organization", "environment")

    def find(self, step: Step) -> Observed | None:
        """Return the map, with the id of the key that it holds."""
        names: JSON = self.apigee.get_list(f"{environment_path(step.spec)}/keyvaluemaps")
        if step.name not in names:
            return None
        spec = {key: value for key, value in step.spec.items() if key not in {"originKeyId", "introspection"}}
        spec["introspection"] = self._introspection(step)
        entry, key = self._entry(step, ID_ENTRY), self._entry(step, KEY_ENTRY)
        return Observed(spec={**spec, "originKeyId": entry} if entry and key else spec)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the map, then put the values in."""
        body = {"name": step.name, "encrypted": step.spec["encrypted"]}
        self.apigee.call("POST", f"{environment_path(step.spec)}/keyvaluemaps", body=body)
        return self._fill(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all entries are written
        """Put the values in."""
        return self._fill(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the map with its entries."""
        self.apigee.call("DELETE", _path(step))

    def existing(self) -> Iterable[Step]:
        """Yield the map of the release's name."""
        place = configured_place(self.context)
        if place:
            yield Step(kind="Apigee::KeyValueMap", name=map_name(self.stem), phase=Phase.EXPOSE, spec=place)

    def _fill(self, step: Step) -> Mapping[str, JSON]:
        key_id = step.spec["originKeyId"]
        with aws_translated("fetching the key of the origin"):
            client = self.context.provider("aws").client("apigateway")
            value = client.get_api_key(apiKey=key_id, includeValue=True)["value"]
        self._put(step, KEY_ENTRY, value)
        self._put(step, ID_ENTRY, key_id)
        self._fill_introspection(step)
        return {}

    def _fill_introspection(self, step: Step) -> None:
        wanted = step.spec.get("introspection")
        if wanted:
            credentials = client_credentials(self.context, wanted)
            self._put(step, CREDENTIALS_ENTRY, credentials.basic)
            self._put(step, LABEL_ENTRY, credentials.label)
            return
        for name in (CREDENTIALS_ENTRY, LABEL_ENTRY):
            if self._entry(step, name) is not None:
                self.apigee.call("DELETE", f"{_path(step)}/entries/{name}")

    def _introspection(self, step: Step) -> JSON:
        """Return whose credentials are there; None when nothing is."""
        label = self._entry(step, LABEL_ENTRY)
        if label is None:
            return None
        found = described(self.context, label)
        return found if self._entry(step, CREDENTIALS_ENTRY) else {**found, "secretName": None}

    def _entry(self, step: Step, name: str) -> str | None:
        found = found_or_none(lambda: self.apigee.get(f"{_path(step)}/entries/{name}"))
        return None if found is None else str(found["value"])

    def _put(self, step: Step, name: str, value: str) -> None:
        path = f"{_path(step)}/entries"
        body = {"name": name, "value": value}
        if self._entry(step, name) is None:
            self.apigee.call("POST", path, body=body)
        else:
            self.apigee.call("PUT", f"{path}/{name}", body=body)


def _path(step: Step) -> str:
    return f"{environment_path(step.spec)}/keyvaluemaps/{step.name}"
