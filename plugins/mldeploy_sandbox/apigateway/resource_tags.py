"""Tags of API Gateway resources by their ARN, of which moto knows those of stages only.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigateway.errors import not_found
from mldeploy_sandbox.plane import Call, Operation

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

SERVICE = "apigateway"
STAGE = re.compile(r"/restapis/([^/]+)/stages/([^/]+)$")
NAMED = re.compile(r"/(restapis|apikeys|usageplans|domainnames)/([^/]+)$")
STORES = {"restapis": "apis", "domainnames": "domain_names", "apikeys": "keys", "usageplans": "usage_plans"}
"""Part of the path → where moto keeps them."""


class ResourceTags:
    """Handlers of the operations on tags."""

    def __init__(self, world: World) -> None:
        self._world = world

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Handlers by operation."""
        return {
            (SERVICE, "GetTags"): lambda call: {"tags": dict(self._found(call).tags or {})},
            (SERVICE, "TagResource"): self._tag,
            (SERVICE, "UntagResource"): self._untag,
        }

    def _tag(self, call: Call) -> Mapping[str, Any]:
        found = self._found(call)
        found.tags = {**(found.tags or {}), **call.params["tags"]}
        return {}

    def _untag(self, call: Call) -> Mapping[str, Any]:
        found = self._found(call)
        found.tags = {key: value for key, value in (found.tags or {}).items() if key not in call.params["tagKeys"]}
        return {}

    def _found(self, call: Call) -> Any:
        """Return moto's resource of an ARN.

        Raises:
            AwsError: there is none.
        """
        arn = call.params["resourceArn"]
        backend = self._world.backend(SERVICE, call.region)
        found = None
        if stage := STAGE.search(arn):
            found = backend.apis[stage[1]].stages.get(stage[2]) if stage[1] in backend.apis else None
        elif named := NAMED.search(arn):
            found = getattr(backend, STORES[named[1]]).get(named[2])
        if found is None:
            message = f"Invalid Resource identifier specified: {arn}"
            raise not_found(message)
        return found
