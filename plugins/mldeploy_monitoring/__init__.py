"""The plugin `monitoring`: alarms that tell people, and a dashboard of the whole request path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws",)


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own `monitoring`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment("monitoring")


@hookimpl
def mldeploy_expose(release: Release) -> Iterable[Step]:
    """Describe the alarms and the dashboard."""
    from mldeploy_monitoring.steps import monitoring_steps  # noqa: PLC0415

    return monitoring_steps(release)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive dashboards; the alarms' driver is the AWS plugin's."""
    from mldeploy_monitoring.dashboards import DashboardDriver  # noqa: PLC0415

    return {"AWS::CloudWatch::Dashboard": DashboardDriver(context)}
