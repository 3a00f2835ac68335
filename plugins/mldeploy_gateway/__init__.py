"""The plugin `api-gateway`: a REST API of Amazon API Gateway with tokens of Cognito, keys, quota and throttles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import Hop, hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws",)

NAME = "api-gateway"
LONGEST_SECONDS = 29
MAX_BODY_BYTES = 10_485_760


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own nothing yet: what every gateway offers is in the core's `expose`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment(NAME)


@hookimpl
def mldeploy_limits(release: Release) -> Iterable[Hop]:
    """Name the limits of a REST API: 29 s and 10 MB."""
    return [hop(release.value("expose.timeoutSeconds"))] if release.value("expose.gateway") == NAME else []


def hop(wanted_seconds: float | None = None) -> Hop:
    """Return the hop of a REST API; a gateway in front of one names it, too.

    Arguments:
        wanted_seconds: what release.yaml asks of this hop.
    """
    return Hop(
        name=NAME,
        depth=10,
        seconds=LONGEST_SECONDS,
        max_bytes=MAX_BODY_BYTES,
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
        wanted_seconds=wanted_seconds,
        path=("expose", "timeoutSeconds"),
    )


@hookimpl
def mldeploy_expose(release: Release) -> Iterable[Step | Problem]:
    """Describe the user pool, the API, its stage, and the key with its plan."""
    from mldeploy_gateway.steps import gateway_steps  # noqa: PLC0415 - only where this gateway is wanted

    return gateway_steps(release) if release.value("expose.gateway") == NAME else []


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive Cognito, API Gateway and the permission to call a function."""
    from mldeploy_gateway.drivers import gateway_drivers  # noqa: PLC0415

    return gateway_drivers(context)


@hookimpl
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the door `caller`: send requests as a client of the API."""
    if kind != "caller" or context.config.get("expose", {}).get("gateway") != NAME:
        return None
    from mldeploy_gateway.caller import GatewayCaller  # noqa: PLC0415 - requests loads only to call

    return GatewayCaller(context)
