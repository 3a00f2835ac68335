"""mldeploy::DeterminismCheck: equal requests get equal answers, or they must not be answered from a cache."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from mldeploy import Observed, Step, VerifyError
from mldeploy.doors import Answer
from mldeploy.errors import PendingError
from mldeploy.model import JSON
from mldeploy_checks.check import Check, shown

PAST_THE_CACHE = {"cache-control": "no-cache"}
BUSY_SECONDS = 15
"""How long a service may ask for another attempt (RFC 9110, section 10.2.3, Retry-After) before that is its answer."""
HINT = "set cache.enabled to false, make the model deterministic, or allow more under verify.determinism.tolerance"


class DeterminismCheck(Check):
    """Spec: Requests, Repeats, Tolerance, After. Outputs: Compared (how many answers were equal to a first one)."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Send every request several times past the cache and compare the answers.

        A refusal that asks to come back later is no answer: a cache never keeps one.

        Raises:
            VerifyError: two answers to the same request differ.
        """
        headers = {**self.caller.credentials(), **PAST_THE_CACHE}
        repeats, tolerance = step.spec["Repeats"], step.spec["Tolerance"]
        for number, request in enumerate(step.spec["Requests"], start=1):
            first = self._answer(request, headers)
            for _ in range(repeats - 1):
                self._compare(number, first, self._answer(request, headers), tolerance)
        return {"Compared": len(step.spec["Requests"]) * (repeats - 1)}

    def _answer(self, request: Mapping[str, JSON], headers: Mapping[str, str]) -> Answer:
        """Return the answer; one that asks to come back later is asked again for a while."""
        answer = self.send(request, headers)

        def settled() -> Answer | None:
            nonlocal answer
            if "retry-after" not in answer.headers:
                return answer
            answer = self.send(request, headers)
            return None

        try:
            return self.context.wait(settled, seconds=BUSY_SECONDS, what=f"{self.caller.url} to have time")
        except PendingError:
            if self.context.cancelled.is_set():
                raise
            return answer

    def _compare(self, number: int, first: Answer, other: Answer, tolerance: float) -> None:
        found = next(differences(_data(first), _data(other), tolerance), "")
        if found:
            message = (
                f"request {number} gets different answers past the cache ({found}), and the cache would give"
                f" one of them to everybody: {shown(first)} and {shown(other)}"
            )
            failure = self.failure(message)
            raise VerifyError(failure.message, hint=HINT, details=failure.details)


def differences(one: JSON, other: JSON, tolerance: float, place: str = "$") -> Iterator[str]:
    """Yield where two answers differ; numbers may differ by the tolerance, absolutely or as a share of the larger."""
    if _are_numbers(one, other):
        if not math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance):
            yield f"{place}: {one} and {other}"
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), tolerance, f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        for index, (left, right) in enumerate(zip_longest(one, other)):
            yield from differences(left, right, tolerance, f"{place}[{index}]")
    elif one != other or type(one) is not type(other):
        yield place


def _are_numbers(*values: JSON) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _data(answer: Answer) -> JSON:
    """Return status and body; a body that is not JSON stands for itself."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = answer.body
    return {"status": answer.status, "body": body}
