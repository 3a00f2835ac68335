"""The plugin `local`: the environment on this machine, where every call goes to the sandbox and is really answered."""

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
    """Own no key: the environment `local` is configured like any other."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415

    return shipped_fragment("local")


@hookimpl(tryfirst=True)
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the sandbox in the place of AWS and of Apigee."""
    if kind == "aws":
        from mldeploy_sandbox.door import sandbox_aws  # noqa: PLC0415 - boto3 loads only when a door is opened

        return sandbox_aws(context)
    if kind == "apigee":
        from mldeploy_sandbox.apigee.door import sandbox_apigee  # noqa: PLC0415 - requests loads only then

        return sandbox_apigee(context)
    return None
