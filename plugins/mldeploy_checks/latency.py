"""mldeploy::LatencyCheck: 95 of 100 requests are answered in time."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_checks.check import Check

SAMPLES = 40


class LatencyCheck(Check):
    """Spec: Request, LatencyP95Ms, After. Outputs: LatencyP95Ms."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Send the request 40 times past the cache, one after the other.

        Raises:
            VerifyError: the 95th percentile is above the limit.
        """
        from statistics import quantiles  # noqa: PLC0415 - drivers are imported by every plan

        headers = {**self.caller.credentials(), "cache-control": "no-cache"}
        seconds = [self.send(step.spec["Request"], headers).seconds for _ in range(SAMPLES)]
        measured = round(quantiles(seconds, n=20)[-1] * 1000, 1)
        if measured > step.spec["LatencyP95Ms"]:
            message = (
                f"the 95th percentile of {SAMPLES} requests is {measured} ms, the limit {step.spec['LatencyP95Ms']} ms"
            )
            raise self.failure(message)
        return {"LatencyP95Ms": measured}
