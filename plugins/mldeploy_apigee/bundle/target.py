"""The target endpoint: the hop to the origin, a REST API of API Gateway that only we have a key for.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/endpoint-properties-reference
"""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy.model import JSON
from mldeploy_apigee.bundle import headers, problems
from mldeploy_apigee.bundle.faults import target_rules
from mldeploy_apigee.bundle.flows import Flow, Rule, Use
from mldeploy_apigee.bundle.tree import element

CONNECT_MILLISECONDS = 3000
EVERY_STATUS = "1xx,2xx,3xx,4xx,5xx"
"""What the service answers is an answer, not a fault of the proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEndpoint:
    """The way to the origin.

    - `server`: the name of the target server; like the next two it may be a ref.
    - `path`: what stands before /predict at the origin.
    - `key_value_map`: the name of the map that holds the origin's key.
    - `timeout_seconds`: how long the origin may take.
    - `headers`: put on every answer of the gateway itself.
    """

    server: JSON
    path: JSON
    key_value_map: JSON
    timeout_seconds: float
    headers: tuple[Use, ...]

    def pre_flow(self) -> Flow:
        """Return what is changed about a request before it goes to the origin."""
        key = Use(policy=headers.origin_key(self.key_value_map))
        return Flow(name="PreFlow", request=(key, Use(policy=headers.origin_request())))

    def post_flow(self) -> Flow:
        """Return what is made of an origin that does not know us: nothing that a caller could mend."""
        refused = problems.raise_fault("RF-Origin", problems.ORIGIN_REFUSED)
        return Flow(name="PostFlow", response=(Use(policy=refused, condition="response.status.code = 403"),))

    def rules(self) -> tuple[Rule, ...]:
        """Return what becomes of faults."""
        return target_rules(self.headers)

    def tree(self) -> JSON:
        """Return the endpoint."""
        *rules, default = self.rules()
        connection = element(
            "HTTPTargetConnection",
            element(
                "Properties",
                element("Property", str(CONNECT_MILLISECONDS), name="connect.timeout.millis"),
                element("Property", str(int(self.timeout_seconds * 1000)), name="io.timeout.millis"),
                element("Property", EVERY_STATUS, name="success.codes"),
            ),
            element("LoadBalancer", element("Server", name=self.server)),
            element("Path", self.path),
        )
        return element(
            "TargetEndpoint",
            self.pre_flow().tree(),
            self.post_flow().tree(),
            element("FaultRules", *(rule.tree() for rule in rules)),
            default.tree(),
            connection,
            name="default",
        )
