"""The plugin `apigee`: a proxy of Apigee X in front of a REST API of API Gateway that only the proxy has a key for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mldeploy import Hop, hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, CostLine, Driver, Encryption, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws", "api-gateway")

NAME = "apigee"
LONGEST_SECONDS = 300
MAX_BODY_BYTES = 10_485_760


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `apigee`: where the proxy goes."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment(NAME)


@hookimpl
def mldeploy_limits(release: Release) -> Iterable[Hop]:
    """Name the limits of a proxy, and of the REST API behind it."""
    if not _is_wanted(release):
        return []
    from mldeploy_gateway import hop  # noqa: PLC0415 - only where this gateway is wanted

    proxy = Hop(
        name=NAME,
        depth=5,
        seconds=LONGEST_SECONDS,
        max_bytes=MAX_BODY_BYTES,
        source="https://cloud.google.com/apigee/docs/api-platform/reference/limits",
        wanted_seconds=release.value("expose.timeoutSeconds"),
        path=("expose", "timeoutSeconds"),
    )
    return [proxy, hop()]


@hookimpl
def mldeploy_expose(release: Release) -> Iterable[Step | Problem]:
    """Describe the proxy with its product and key, and the REST API that it calls."""
    from mldeploy_apigee.steps import apigee_steps  # noqa: PLC0415 - only where this gateway is wanted

    return apigee_steps(release) if _is_wanted(release) else []


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive what a proxy consists of."""
    from mldeploy_apigee.drivers import apigee_drivers  # noqa: PLC0415

    return apigee_drivers(context)


@hookimpl(trylast=True)
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open Apigee with the credentials of this machine, `openid` to issuers, and `caller` through the proxy."""
    if kind == NAME:
        from mldeploy_apigee.door import real_apigee  # noqa: PLC0415 - google-auth loads only when a door is opened

        return real_apigee(context)
    if kind == "openid":
        from mldeploy_apigee.openid_discovery import OpenIdDiscovery  # noqa: PLC0415 - requests loads only to look

        return OpenIdDiscovery()
    if kind == "caller" and context.config.get("expose", {}).get("gateway") == NAME:
        from mldeploy_apigee.caller import ApigeeCaller  # noqa: PLC0415 - requests loads only to call

        return ApigeeCaller(context)
    return None


@hookimpl
def mldeploy_costs(steps: Sequence[Step], region: str) -> Iterable[CostLine]:  # noqa: ARG001 - Google bills it
    """Say that nobody but the contract knows the price."""
    from mldeploy_apigee.reviews import costs  # noqa: PLC0415 - only plans ask

    return costs(steps)


@hookimpl
def mldeploy_encryption(steps: Sequence[Step]) -> Iterable[Encryption]:
    """Tell how Apigee protects what it keeps and sends."""
    from mldeploy_apigee.reviews import protections  # noqa: PLC0415 - only plans ask

    return protections(steps)


def _is_wanted(release: Release) -> bool:
    return bool(release.value("expose.gateway") == NAME)
