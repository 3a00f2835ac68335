"""The plugin `rehearsal`: a release answers its own requests on this machine before it gets those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("image",)


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `rehearsal`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment("rehearsal")


@hookimpl
def mldeploy_build(release: Release) -> Iterator[Step | Problem]:
    """Describe the rehearsal that a release asks for."""
    from mldeploy_contract.rehearsal.steps import describe  # noqa: PLC0415

    return describe(release)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Run rehearsals."""
    from mldeploy_contract.rehearsal.driver import RehearsalDriver  # noqa: PLC0415

    return {"mldeploy::Rehearsal": RehearsalDriver(context)}
