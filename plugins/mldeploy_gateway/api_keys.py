"""AWS::ApiGateway::ApiKey, and AWS::ApiGateway::UsagePlanKey that puts it under a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_gateway.api_gateway_driver import NOT_FOUND, ApiGatewayDriver, TaggedDriver


class ApiKeyDriver(TaggedDriver):
    """Spec: Enabled. Outputs: ApiKeyId; the value stays in API Gateway, which makes it up."""

    def find(self, step: Step) -> Observed | None:
        """Return our key, without its value."""
        key = next(iter(self._ours(step)), None)
        if key is None:
            return None
        drift = self.tag_drift(key.get("tags", {}))
        return Observed(outputs={"ApiKeyId": key["id"]}, spec={"Enabled": key["enabled"]}, drift=drift)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the key."""
        key = self.client.create_api_key(name=step.name, enabled=step.spec["Enabled"], tags=self.tags())
        return {"ApiKeyId": key["id"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Switch the key on or off."""
        operation = {"op": "replace", "path": "/enabled", "value": str(step.spec["Enabled"]).lower()}
        self.client.update_api_key(apiKey=observed.outputs["ApiKeyId"], patchOperations=[operation])
        return observed.outputs

    def path(self, step: Step, observed: Observed) -> str:  # noqa: ARG002 - the id is enough
        """Return where it is."""
        return f"/apikeys/{observed.outputs['ApiKeyId']}"

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all that are ours go
        """Delete our keys."""
        for key in self._ours(step):
            self.client.delete_api_key(apiKey=key["id"])

    def candidates(self) -> Iterable[Step]:
        """Yield the key of the release's name."""
        yield self.perhaps("AWS::ApiGateway::ApiKey", self.stem, Phase.EXPOSE)

    def _ours(self, step: Step) -> list[dict[str, Any]]:
        """Return the keys of this name with our tags, oldest first; more than one if a creation's answer was lost.

        The one in the record is ours without them, too.
        """
        found = [key for key in self.items("get_api_keys", nameQuery=step.name) if key["name"] == step.name]
        known = self.recorded(step, "ApiKeyId")
        ours = [key for key in found if key["id"] == known or self.owns(key.get("tags", {}))]
        return sorted(ours, key=lambda key: key["createdDate"])


class UsagePlanKeyDriver(ApiGatewayDriver):
    """Spec: UsagePlanId, KeyId, KeyType. No outputs."""

    parents = ("UsagePlanId", "KeyId")

    def find(self, step: Step) -> Observed | None:
        """Return the link; both ends are ours, so it is."""
        found = found_or_none(lambda: self.client.get_usage_plan_key(**_key(step)), NOT_FOUND)
        return None if found is None else Observed(spec={**step.spec, "KeyType": found["type"]})

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the key under the plan."""
        self.client.create_usage_plan_key(**_key(step), keyType=step.spec["KeyType"])
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - it is gone
        """Put the key under the plan again: one of them was made anew."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ends are enough
        """Take the key out of the plan."""
        self.client.delete_usage_plan_key(**_key(step))


def _key(step: Step) -> dict[str, str]:
    return {"usagePlanId": step.spec["UsagePlanId"], "keyId": step.spec["KeyId"]}
