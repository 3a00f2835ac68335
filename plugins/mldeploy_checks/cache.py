"""mldeploy::CacheCheck: the same request is answered from the cache the second time, and equally."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Observed, Step
from mldeploy.doors import Answer
from mldeploy.errors import PendingError
from mldeploy.model import JSON
from mldeploy_checks.check import Check, shown

HIT = "HIT"
PATIENCE_SECONDS = 15


class CacheCheck(Check):
    """Spec: Request, After. Outputs: XCache."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Send the request until it comes from the cache; a busy machine may miss the cache's tight time-out once.

        Raises:
            VerifyError: it never comes from the cache, or the cache gives another answer than the model.
        """
        credentials = self.caller.credentials()
        first = self.send(step.spec["Request"], credentials)
        again = first

        def hit() -> Answer | None:
            nonlocal again
            again = self.send(step.spec["Request"], credentials)
            return again if again.headers.get("x-cache") == HIT else None

        try:
            self.context.wait(hit, seconds=PATIENCE_SECONDS, what="an answer from the cache")
        except PendingError as error:
            if self.context.cancelled.is_set():
                raise
            message = f"equal requests stay X-Cache: {again.headers.get('x-cache')} and never become {HIT}"
            raise self.failure(message) from error
        if first.body != again.body:
            message = f"the cache answers {shown(again)}, the model answered {shown(first)}"
            raise self.failure(message)
        return {"XCache": HIT}
