"""Apigee::KeyValueMap: where the proxy finds the key of the origin, encrypted.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.environments.keyvaluemaps
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_apigee.bundle.headers import KEY_ENTRY
from mldeploy_apigee.driver import ApigeeDriver
from mldeploy_apigee.failures import found_or_none
from mldeploy_apigee.names import configured_place, environment_path, map_name
from mldeploy_aws.failures import translated as aws_translated

ID_ENTRY = "origin-key-id"


class KeyValueMapDriver(ApigeeDriver):
    """Spec: organization, environment, encrypted, originKeyId (an API key of API Gateway). No outputs.

    The key's value goes from API Gateway to Apigee and stays nowhere else; an entry beside it holds the key's id, which
    is written last. Maps carry neither labels nor descriptions: ours are known by the prefix of their names.
    """

    parents = ("organization", "environment")

    def find(self, step: Step) -> Observed | None:
        """Return the map, with the id of the key that it holds."""
        names: JSON = self.apigee.get_list(f"{environment_path(step.spec)}/keyvaluemaps")
        if step.name not in names:
            return None
        spec = {key: value for key, value in step.spec.items() if key != "originKeyId"}
        entry = found_or_none(lambda: self.apigee.get(f"{_path(step)}/entries/{ID_ENTRY}"))
        key = found_or_none(lambda: self.apigee.get(f"{_path(step)}/entries/{KEY_ENTRY}"))
        return Observed(spec={**spec, "originKeyId": entry["value"]} if entry and key else spec)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the map, then put the key in."""
        body = {"name": step.name, "encrypted": step.spec["encrypted"]}
        self.apigee.call("POST", f"{environment_path(step.spec)}/keyvaluemaps", body=body)
        return self._fill(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - both entries are written
        """Put the key in."""
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
        return {}

    def _put(self, step: Step, name: str, value: str) -> None:
        path = f"{_path(step)}/entries"
        body = {"name": name, "value": value}
        if found_or_none(lambda: self.apigee.get(f"{path}/{name}")) is None:
            self.apigee.call("POST", path, body=body)
        else:
            self.apigee.call("PUT", f"{path}/{name}", body=body)


def _path(step: Step) -> str:
    return f"{environment_path(step.spec)}/keyvaluemaps/{step.name}"
