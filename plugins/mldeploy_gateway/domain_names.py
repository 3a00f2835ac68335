"""AWS::ApiGateway::DomainName, and AWS::ApiGateway::BasePathMapping that says which stage answers under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Ref, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_gateway.api_gateway_driver import NOT_FOUND, ApiGatewayDriver, TaggedDriver
from mldeploy_gateway.rest_apis import RestApiDriver

READY_SECONDS = 900
AVAILABLE = "AVAILABLE"
CHANGEABLE = {"RegionalCertificateArn": "/regionalCertificateArn", "SecurityPolicy": "/securityPolicy"}
"""Property → path of a patch operation (API Gateway API reference, UpdateDomainName)."""
NO_PATH = "(none)"
"""How API Gateway writes the mapping of everything below a domain (API reference, CreateBasePathMapping)."""


class DomainNameDriver(TaggedDriver):
    """Spec: RegionalCertificateArn, SecurityPolicy, EndpointConfiguration {Types}. The step's name is the domain.

    Outputs: RegionalDomainName and RegionalHostedZoneId, what a DNS record for the domain points to. The record itself
    is in a zone that is not ours to change.
    """

    def find(self, step: Step) -> Observed | None:
        """Return the domain."""
        found = self._describe(step)
        if found is None:
            return None
        spec = {
            "RegionalCertificateArn": found.get("regionalCertificateArn"),
            "SecurityPolicy": found.get("securityPolicy"),
            "EndpointConfiguration": {"Types": found["endpointConfiguration"]["types"]},
        }
        tags = found.get("tags", {})
        return Observed(outputs=_outputs(found), spec=spec, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the domain and wait until it can be used."""
        self.client.create_domain_name(
            domainName=step.name,
            regionalCertificateArn=step.spec["RegionalCertificateArn"],
            securityPolicy=step.spec["SecurityPolicy"],
            endpointConfiguration={"types": step.spec["EndpointConfiguration"]["Types"]},
            tags=self.tags(),
        )
        return self._ready(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Change certificate and security policy."""
        changes = [
            {"op": "replace", "path": path, "value": step.spec[key]}
            for key, path in CHANGEABLE.items()
            if observed.spec.get(key) != step.spec[key]
        ]
        self.client.update_domain_name(domainName=step.name, patchOperations=changes)
        return self._ready(step)

    def path(self, step: Step, observed: Observed) -> str:  # noqa: ARG002 - the name is enough
        """Return where it is."""
        return f"/domainnames/{step.name}"

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the domain.

        Raises:
            RefusedError: something else answers under it, and would no longer.
        """
        left = self.items("get_base_path_mappings", domainName=step.name)
        if left:
            others = ", ".join(f"{mapping['basePath']} → {mapping['restApiId']}" for mapping in left)
            message = f"other APIs answer under {step.name}: {others}"
            raise RefusedError(message, hint="take these mappings away first, or keep the domain")
        self.client.delete_domain_name(domainName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the domains that carry our tags."""
        for found in self.items("get_domain_names"):
            if self.owns(found.get("tags", {})):
                yield Step(kind="AWS::ApiGateway::DomainName", name=found["domainName"], phase=Phase.EXPOSE)

    def _describe(self, step: Step) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = found_or_none(
            lambda: self.client.get_domain_name(domainName=step.name), NOT_FOUND
        )
        return found

    def _ready(self, step: Step) -> Mapping[str, JSON]:
        """Wait until API Gateway has the domain, and tell which record makes it reachable."""

        def look() -> Mapping[str, Any] | None:
            found = self._describe(step)
            return found if found and found.get("domainNameStatus", AVAILABLE) == AVAILABLE else None

        found = self.context.wait(look, seconds=READY_SECONDS, what=f"API Gateway to open {step.name}")
        target, zone = found["regionalDomainName"], found.get("regionalHostedZoneId")
        text = f"DNS record to set: {step.name} CNAME {target} (in Route 53 an alias, hosted zone {zone})"
        self.context.progress(step.id, text)
        return _outputs(found)


class BasePathMappingDriver(ApiGatewayDriver):
    """Spec: DomainName, BasePath (empty: everything), RestApiId, Stage. Outputs: Url (of POST /predict)."""

    parents = ("DomainName", "RestApiId")

    def find(self, step: Step) -> Observed | None:
        """Return the mapping; it is ours while it leads to our API, or to one that is gone: domains can be shared."""
        found = found_or_none(lambda: self.client.get_base_path_mapping(**_place(step)), NOT_FOUND)
        if found is None:
            return None
        api_id = found["restApiId"]
        spec = {**step.spec, "RestApiId": api_id, "Stage": found.get("stage")}
        owned = api_id == step.spec["RestApiId"] or self._is_gone(api_id)
        return Observed(outputs=_url(step), spec=spec, owned=owned)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Map the path to the stage."""
        path = {"basePath": step.spec["BasePath"]} if step.spec["BasePath"] else {}
        self.client.create_base_path_mapping(
            domainName=step.spec["DomainName"], restApiId=step.spec["RestApiId"], stage=step.spec["Stage"], **path
        )
        return _url(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - both are set
        """Lead the path to our stage: the API was made anew."""
        changes = [
            {"op": "replace", "path": "/restapiId", "value": step.spec["RestApiId"]},
            {"op": "replace", "path": "/stage", "value": step.spec["Stage"]},
        ]
        self.client.update_base_path_mapping(**_place(step), patchOperations=changes)
        return _url(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the place is enough
        """Take the mapping away."""
        self.client.delete_base_path_mapping(**_place(step))

    def candidates(self) -> Iterable[Step]:
        """Yield what of our domains leads to our API; it goes before the domain."""
        domains = list(DomainNameDriver(self.context).candidates())
        ours = {api["id"] for api in RestApiDriver(self.context).ours(self.stem)} if domains else set()
        for domain in domains:
            for found in self.items("get_base_path_mappings", domainName=domain.name):
                if found["restApiId"] in ours:
                    path = found["basePath"].removeprefix(NO_PATH)
                    place = {"DomainName": domain.ref(Ref.NAME), "BasePath": path, "RestApiId": found["restApiId"]}
                    name = "/".join(filter(None, [domain.name, path]))
                    yield Step(kind="AWS::ApiGateway::BasePathMapping", name=name, phase=Phase.EXPOSE, spec=place)

    def _is_gone(self, api_id: str) -> bool:
        return found_or_none(lambda: self.client.get_rest_api(restApiId=api_id), NOT_FOUND) is None


def _place(step: Step) -> dict[str, str]:
    return {"domainName": step.spec["DomainName"], "basePath": step.spec["BasePath"] or NO_PATH}


def _url(step: Step) -> Mapping[str, JSON]:
    return {"Url": "/".join(filter(None, [f"https://{step.spec['DomainName']}", step.spec["BasePath"], "predict"]))}


def _outputs(found: Mapping[str, Any]) -> Mapping[str, JSON]:
    return {
        "RegionalDomainName": found["regionalDomainName"],
        "RegionalHostedZoneId": found.get("regionalHostedZoneId"),
    }
