"""The plugin `verify`: the checks that decide whether a release stays, made through the gateway as a caller would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Problem, Release, Step
    from mldeploy.model import JSON


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `verify`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415

    return shipped_fragment("verify")


@hookimpl
def mldeploy_verify(release: Release) -> Iterator[Step | Problem]:
    """Describe the checks that the release asks for."""
    from mldeploy_checks.steps import describe  # noqa: PLC0415

    return describe(release)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Run the checks."""
    from mldeploy_checks.access import AccessCheck  # noqa: PLC0415
    from mldeploy_checks.cache import CacheCheck  # noqa: PLC0415
    from mldeploy_checks.determinism import DeterminismCheck  # noqa: PLC0415
    from mldeploy_checks.latency import LatencyCheck  # noqa: PLC0415
    from mldeploy_checks.requests import RequestCheck  # noqa: PLC0415

    return {
        "mldeploy::AccessCheck": AccessCheck(context),
        "mldeploy::CacheCheck": CacheCheck(context),
        "mldeploy::DeterminismCheck": DeterminismCheck(context),
        "mldeploy::LatencyCheck": LatencyCheck(context),
        "mldeploy::RequestCheck": RequestCheck(context),
    }
