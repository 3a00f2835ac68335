"""Requests as they should be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer
from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import INFERENCE_REQUESTS, INVOKE_ENDPOINT, METRICS

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Invocations")
REFUSALS = (429, 503)
"""An overloaded service may say so."""
ADDED_HEADERS = {
    "X-Amzn-SageMaker-Custom-Attributes": "trace=" + "c" * 1018,
    "X-Amzn-SageMaker-Inference-Id": "contract",
    "X-Amzn-SageMaker-Session-Id": "contract",
    "X-Amzn-Trace-Id": "Root=1-00000000-000000000000000000000000",
    "X-Added-By-The-Platform": "contract",
}
"""Custom attributes may have 1024 characters (botocore, sagemaker-runtime, shape CustomAttributesHeader)."""


@BOOK.rule(
    "SM201",
    "POST /invocations answers within 60 s",
    reason="After 60 s SageMaker gives up and the caller gets an error.",
    source=INFERENCE_REQUESTS,
    fix="answer sooner, or choose asynchronous inference, which allows an hour",
)
def _answers(trial: Trial) -> Outcome:
    usual, example = trial.usual, trial.conditions.example
    if not isinstance(usual, Answer):
        return failed(str(usual))
    evidence = f"{usual.status} after {usual.seconds * 1000:.0f} ms"
    if 200 <= usual.status < 300:
        return passed(evidence)
    if example.known or usual.status >= 500:
        return failed(f"{evidence}: {_shown(usual.body)}")
    return skipped(f"{evidence} to the body {{}}; name a real request with --body")


@BOOK.rule(
    "SM202",
    "The answer says its media type",
    reason="InvokeEndpoint hands the container's Content-Type on to the caller.",
    source=INVOKE_ENDPOINT,
    fix="send Content-Type with every answer: application/json for JSON",
    need=Need.ANSWER,
)
def _says_media_type(trial: Trial) -> Outcome:
    usual = trial.usual
    if not isinstance(usual, Answer) or not usual.body:
        return skipped("the answer has no body")
    declared = usual.headers.get("content-type", "")
    media_type = declared.partition(";")[0].strip().lower()
    if not declared:
        return failed("there is no Content-Type")
    declares_json = media_type == "application/json" or media_type.endswith("+json")
    if declares_json and not _is_json(usual.body):
        return failed(f"it says {declared}, and the body is not JSON: {_shown(usual.body)}")
    if _is_json_document(usual.body) and not declares_json and media_type != "application/jsonlines":
        return failed(f"it says {declared}, and the body is JSON: {_shown(usual.body)}")
    return passed(declared)


@BOOK.rule(
    "SM203",
    "Callers at the same time all get an answer",
    reason="Requests are routed to a container as they come, not one by one.",
    source=METRICS,
    fix="serve requests in parallel or let them queue; refuse with 503 or 429 what is too much",
    need=Need.ANSWER,
)
def _serves_many(trial: Trial) -> Outcome:
    load = trial.load
    total = sum(load.answers.values())
    wrong = {got: number for got, number in load.answers.items() if not _expected(trial, got)}
    if wrong:
        parts = ", ".join(f"{number} times {got}" for got, number in wrong.items())
        return failed(f"{load.callers} callers sent {total} requests and got: {parts}")
    refused = sum(number for got, number in load.answers.items() if got in REFUSALS)
    aside = f", {refused} of them refused" if refused else ""
    return passed(f"{load.callers} callers, {total / load.seconds:.0f} answers/s{aside}")


@BOOK.rule(
    "SM204",
    "Headers that SageMaker adds change nothing",
    reason="SageMaker may add headers.",
    source=INFERENCE_REQUESTS,
    fix="ignore headers that you do not know",
    need=Need.ANSWER,
)
def _ignores_headers(trial: Trial) -> Outcome:
    answer = trial.invoke(headers=ADDED_HEADERS)
    if isinstance(trial.usual, Answer) and answer.status != trial.usual.status:
        return failed(f"{answer.status} with added headers, {trial.usual.status} without")
    return passed(f"{answer.status} with {len(ADDED_HEADERS)} added headers")


@BOOK.rule(
    "SM205",
    "A media type that it does not know is no failure of its own",
    reason="A 5xx for a caller's mistake counts as an error of the model.",
    source=METRICS,
    fix="answer 415 to a Content-Type that you do not take",
    need=Need.ANSWER,
)
def _survives_media_types(trial: Trial) -> Outcome:
    kinds = {"application/x-unknown": "application/x-unknown", "none": "", "nonsense": "; ; /"}
    statuses = {name: trial.invoke(headers={"Content-Type": value}).status for name, value in kinds.items()}
    evidence = ", ".join(f"{name}: {status}" for name, status in statuses.items())
    return failed(evidence) if any(status >= 500 for status in statuses.values()) else passed(evidence)


def _expected(trial: Trial, got: int | str) -> bool:
    return got in REFUSALS or (isinstance(trial.usual, Answer) and got == trial.usual.status)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _is_json_document(body: bytes) -> bool:
    """Return whether a body can hardly be anything but JSON: a lone number or word may be plain text."""
    return body.lstrip()[:1] in {b"{", b"["} and _is_json(body)


def _shown(body: bytes) -> str:
    text = " ".join(body[:200].decode(errors="replace").split())
    return repr(text[:100])
