"""How gateways and functions reach what answers: through SageMaker's runtime, or by an address of its own."""

from __future__ import annotations

from mldeploy import Release

SAGEMAKER = "sagemaker"


def has_address(release: Release) -> bool:
    """Return whether the step `@endpoint` has the output `Url`, to which requests are posted by HTTP.

    Otherwise it has the output `EndpointArn`, and is called with InvokeEndpoint.
    """
    return bool(release.value("type") != SAGEMAKER)
