"""Custom domains: what moto keeps of them, and the change that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigateway.errors import bad_request, not_found
from mldeploy_sandbox.plane import Call, Operation
from mldeploy_sandbox.rules import declare

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

SERVICE = "apigateway"
INVALID = "BadRequestException"
CHANGEABLE = {"/regionalCertificateArn": "regional_certificate_arn", "/securityPolicy": "security_policy"}
TAKEN = declare(
    "apigateway-domain-taken",
    "apigateway:CreateDomainName",
    says="A domain name is made once.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html",
)
REGION = declare(
    "apigateway-domain-certificate-region",
    "apigateway:CreateDomainName",
    says="The certificate of a regional domain is in the region of the API.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-specify-certificate-for-custom-domain-name.html",
)


class Domains:
    """Handlers of the operations on domain names; mappings are moto's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Handlers by operation."""
        return {(SERVICE, "CreateDomainName"): self._create, (SERVICE, "UpdateDomainName"): self._update}

    def _create(self, call: Call) -> Mapping[str, Any]:
        name, certificate = call.params["domainName"], call.params.get("regionalCertificateArn", "")
        with self._world.moto.lock:
            backend = self._world.backend(SERVICE, call.region)
            if name in backend.domain_names:
                message = "The domain name you provided already exists."
                raise TAKEN.refusal(INVALID, message)
            if certificate and certificate.split(":")[3] != call.region:
                message = f"Invalid certificate ARN: {certificate}. Certificate must be in '{call.region}'."
                raise REGION.refusal(INVALID, message)
            answer = self._world.moto.answer(call)
            backend.base_path_mappings.setdefault(name, {})  # moto 5.2 asks for a key that its first mapping makes
            return answer

    def _update(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            found = self._world.backend(SERVICE, call.region).domain_names.get(call.params["domainName"])
            if found is None:
                message = "Invalid domain name identifier specified"
                raise not_found(message)
            for change in call.params.get("patchOperations", []):
                if change["op"] != "replace" or change["path"] not in CHANGEABLE:
                    message = f"Invalid patch path {change['path']}"
                    raise bad_request(message)
                setattr(found, CHANGEABLE[change["path"]], change["value"])
            document: Mapping[str, Any] = found.to_json()
            return document
