"""The elements of proxy and target endpoints that the stand-in understands.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference
"""

from __future__ import annotations

from mldeploy_sandbox.apigee.shapes import PROPERTIES, TEXT, Shape, shape

STEP = shape(Name=TEXT, Condition=TEXT)
PHASE = shape(Step=STEP)
FLOW = shape("name", Description=TEXT, Condition=TEXT, Request=PHASE, Response=PHASE)
FAULT_RULE = shape("name", Condition=TEXT, Step=STEP)
COMMON: dict[str, Shape] = {
    "Description": TEXT,
    "PreFlow": FLOW,
    "Flows": shape(Flow=FLOW),
    "PostFlow": FLOW,
    "FaultRules": shape(FaultRule=FAULT_RULE),
    "DefaultFaultRule": shape("name", Condition=TEXT, AlwaysEnforce=TEXT, Step=STEP),
}

PROXY_ENDPOINT = shape(
    "name",
    **COMMON,
    PostClientFlow=FLOW,
    HTTPProxyConnection=shape(BasePath=TEXT, Properties=PROPERTIES),
    RouteRule=shape("name", Condition=TEXT, TargetEndpoint=TEXT),
)

TARGET_ENDPOINT = shape(
    "name",
    **COMMON,
    HTTPTargetConnection=shape(
        URL=TEXT, Path=TEXT, Properties=PROPERTIES, LoadBalancer=shape(Algorithm=TEXT, Server=shape("name"))
    ),
)

CONNECTION_PROPERTIES = frozenset(
    {"connect.timeout.millis", "io.timeout.millis", "keepalive.timeout.millis", "success.codes"}
)
