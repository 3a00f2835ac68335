"""mldeploy::RequestCheck: a request gets the answer that the release expects."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mldeploy import Observed, Step
from mldeploy.doors import Answer
from mldeploy.errors import PendingError
from mldeploy.model import JSON
from mldeploy_checks.check import Check, shown

NOT_THERE_YET = {403, 404, 500, 502, 503, 504}
"""What a gateway may answer while a new key, stage or permission spreads. An answer of the service itself is told by
its media type `application/problem+json` (RFC 9457) and counts at once; a gateway that uses it, too, says in the header
Proxy-Status that the answer is its own (RFC 9209)."""


class RequestCheck(Check):
    """Spec: Request {body, contentType, expect {status, schema, contains}}, Url. Outputs: Status, Seconds."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Send the request; wait out what a gateway answers while it settles.

        Raises:
            VerifyError: the answer is not the expected one.
        """
        request = step.spec["Request"]
        expect = request.get("expect", {})
        answer = self._settled_answer(step, request, expect.get("status", 200))
        wrong = difference(answer, expect)
        if wrong:
            message = f"request {step.name.rpartition('-')[2]}: {wrong}; the answer was {shown(answer)}"
            raise self.failure(message)
        return {"Status": answer.status, "Seconds": round(answer.seconds, 4)}

    def _settled_answer(self, step: Step, request: Mapping[str, JSON], wanted: int) -> Answer:
        answer = self.send(request, self.caller.credentials())

        def settled() -> Answer | None:
            nonlocal answer
            if answer.status == wanted or not _may_change(answer):
                return answer
            answer = self.send(request, self.caller.credentials())
            return None

        try:
            self.context.wait(settled, seconds=step.settings["ReadySeconds"], what=f"{self.caller.url} to answer")
        except PendingError:
            if self.context.cancelled.is_set():
                raise
        return answer


def _may_change(answer: Answer) -> bool:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    is_of_the_service = is_problem and "; error=" not in answer.headers.get("proxy-status", "")
    return answer.status in NOT_THERE_YET and not is_of_the_service


def difference(answer: Answer, expect: Mapping[str, JSON]) -> str:
    """Return what is wrong with an answer; nothing when it is right.

    Arguments:
        expect: what a request in `verify.requests` says under that key.
    """
    wanted = expect.get("status", 200)
    if answer.status != wanted:
        return f"status {answer.status} instead of {wanted}"
    text = answer.body.decode(errors="replace")
    if "contains" in expect and expect["contains"] not in text:
        return f"{expect['contains']!r} is not in the answer"
    if "schema" in expect:
        return _schema_error(text, expect["schema"])
    return ""


def _schema_error(text: str, schema: JSON) -> str:
    import jsonschema  # noqa: PLC0415 - only where a release has such a check

    try:
        data = json.loads(text)
    except ValueError:
        return "the answer is not JSON"
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(data))
    return f"the answer does not fit the schema: {error.message} at {error.json_path}" if error else ""
