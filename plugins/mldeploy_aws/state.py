"""The plugin `state`: release records and the lock in S3, for teams and for CI machines that start empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws",)


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `state`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment("state")


@hookimpl
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the door `state`, where release.yaml names a place in S3."""
    place = context.config.get("state")
    if kind != "state" or not place:
        return None
    from mldeploy_aws.s3_state import S3StateStore  # noqa: PLC0415 - boto3 loads only when a door is opened

    return S3StateStore(context, place)
