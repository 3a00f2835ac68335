"""mldeploy::RuntimeAddress: where an endpoint is called when there is no gateway in front of it."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Observed, Phase, Ref, Release, Step
from mldeploy.model import JSON

PATHS = {"async": "async-invocations"}
DEFAULT_PATH = "invocations"
"""The last part of the runtime's addresses (SageMaker Runtime API reference, request syntax)."""


def address_step(release: Release) -> Step:
    """Return the step that fills the role `api`."""
    return Step(
        kind="mldeploy::RuntimeAddress",
        name=release.resource_name,
        phase=Phase.EXPOSE,
        spec={
            "EndpointName": Ref("@endpoint", "EndpointName"),
            "Path": PATHS.get(release.value("endpoint.mode"), DEFAULT_PATH),
        },
        provides="api",
    )


class RuntimeAddressDriver:
    """Spec: EndpointName, Path. Outputs: Url. There is nothing to make: the address comes with the endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return the address once the endpoint is there."""
        if not isinstance(step.spec["EndpointName"], str):
            return None
        return Observed(outputs=self._outputs(step), spec=step.spec)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - it is only told
        """Return the address."""
        return self._outputs(step)

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: the address goes with the endpoint."""

    def _outputs(self, step: Step) -> Mapping[str, JSON]:
        base = self._context.provider("aws").client("sagemaker-runtime").meta.endpoint_url
        return {"Url": f"{base}/endpoints/{step.spec['EndpointName']}/{step.spec['Path']}"}
