"""What the caller gets when the endpoint fails, and what is never done twice."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mldeploy_cache.function.handler import Serving
from tests.cache_function.calling import CONTEXT, cache_of, call, event
from tests.cache_function.stub_endpoint import StubEndpoint

Start = Callable[..., Serving]
BODY = {"instances": ["x"]}
REFUSAL = json.dumps({"type": "about:blank", "title": "Unprocessable Content", "status": 422, "errors": [{"a": "b"}]})


@pytest.mark.req("2.6", "5.5")
@pytest.mark.parametrize(
    ("status", "code", "fields", "expected"),
    [
        (424, "ModelError", {"OriginalStatusCode": 500, "OriginalMessage": "stack trace"}, 502),
        (424, "ModelError", {"OriginalStatusCode": 503, "OriginalMessage": "busy"}, 503),
        (424, "ModelError", {"OriginalStatusCode": 429, "OriginalMessage": "busy"}, 503),
        (424, "ModelError", {"OriginalStatusCode": 504, "OriginalMessage": "late"}, 504),
        (424, "ModelError", {"OriginalStatusCode": 415, "OriginalMessage": "not JSON"}, 415),
        (424, "ModelError", {}, 502),
        (429, "ModelNotReadyException", {}, 503),
        (503, "ServiceUnavailable", {}, 503),
        (530, "InternalDependencyException", {}, 502),
        (500, "InternalFailure", {}, 502),
        (400, "ValidationError", {"Message": "Endpoint x of account 1 not found."}, 503),
        (400, "ValidationError", {"Message": "variant B does not exist"}, 400),
        (403, "AccessDeniedException", {}, 502),
    ],
)
def test_every_failure_is_a_problem_document_with_a_fitting_status(
    function: Start, endpoint: StubEndpoint, status: int, code: str, fields: dict[str, object], expected: int
) -> None:
    endpoint.fail(status, code, **fields)
    answer = call(function(), event(BODY))
    assert answer["statusCode"] == answer["body"]["status"] == expected
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["body"]["detail"]
    assert "stack trace" not in json.dumps(answer)
    assert ("Retry-After" in answer["headers"]) == (expected == 503)
    assert endpoint.count == 1, "asked once, and not again"


@pytest.mark.req("2.6")
def test_what_the_service_says_about_a_bad_request_reaches_the_caller(function: Start, endpoint: StubEndpoint) -> None:
    endpoint.fail(424, "ModelError", OriginalStatusCode=422, OriginalMessage=REFUSAL)
    answer = call(function(), event(BODY))
    assert answer["statusCode"] == 422
    assert answer["body"] == json.loads(REFUSAL)


@pytest.mark.req("5.2")
def test_throttling_is_tried_again_and_then_said(function: Start, endpoint: StubEndpoint) -> None:
    serving = function()
    endpoint.fail(400, "ThrottlingException", times=2)
    assert call(serving, event(BODY))["statusCode"] == 200
    endpoint.fail(400, "ThrottlingException", times=9)
    answer = call(serving, event({"instances": ["y"]}))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")


@pytest.mark.req("5.2")
def test_a_model_that_is_too_slow_is_asked_once_and_is_a_504(function: Start, endpoint: StubEndpoint) -> None:
    endpoint.go_on.clear()
    answer = call(function(endpoint_timeout=0.3), event(BODY))
    endpoint.go_on.set()
    assert (answer["statusCode"], endpoint.count) == (504, 1)
    assert "0.3 s" in answer["body"]["detail"]


def test_an_endpoint_that_cannot_be_reached_is_a_503(
    function: Start, endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:1")
    assert call(function(), event(BODY))["statusCode"] == 503
    assert endpoint.count == 0


@pytest.mark.req("5.11")
def test_a_body_over_the_limit_is_refused_with_what_to_do(function: Start, endpoint: StubEndpoint) -> None:
    answer = call(function(max_body_bytes=100), event({"instances": ["x" * 100]}))
    assert answer["statusCode"] == 413
    assert "100 are possible" in answer["body"]["detail"]
    assert "asynchronous" in answer["body"]["detail"]
    assert endpoint.count == 0


def test_an_answer_that_lambda_cannot_pass_on_is_a_502(function: Start, endpoint: StubEndpoint) -> None:
    endpoint.body, endpoint.content_type = b"\xff" * 5_000_000, "application/octet-stream"
    answer = call(function(), event(BODY))
    assert answer["statusCode"] == 502
    assert "5000000 bytes" in answer["body"]["detail"]


@pytest.mark.req("2.2")
def test_the_request_id_travels_to_the_endpoint_and_back(function: Start, endpoint: StubEndpoint) -> None:
    answer = call(function(), event(BODY, X_Request_Id="trace-7"))
    assert answer["headers"]["X-Request-Id"] == "trace-7"
    assert endpoint.requests[0]["x-amzn-sagemaker-inference-id"] == "trace-7"
    assert endpoint.requests[0]["x-amzn-sagemaker-custom-attributes"] == "request-id=trace-7"


@pytest.mark.parametrize("hostile", ["a\nb", "x" * 65, "", "ü", "a b"])
def test_a_harmful_request_id_is_replaced_by_the_gateways(
    function: Start, endpoint: StubEndpoint, hostile: str
) -> None:
    answer = call(function(), event(BODY, X_Request_Id=hostile))
    assert answer["headers"]["X-Request-Id"] == "gateway-1"
    assert endpoint.requests[0]["x-amzn-sagemaker-inference-id"] == "gateway-1"


@pytest.mark.parametrize(
    "bad",
    [
        {**event(BODY), "body": "not base64!", "isBase64Encoded": True},
        event(BODY, Accept="tëxt/csv"),
        event(BODY, X_Amzn_SageMaker_Target_Variant="ü"),
    ],
)
def test_an_event_that_cannot_be_passed_on_is_a_400(
    function: Start, endpoint: StubEndpoint, bad: dict[str, object]
) -> None:
    answer = call(function(), bad)
    assert (answer["statusCode"], endpoint.count) == (400, 0)
    assert answer["headers"]["X-Cache"] == "BYPASS"


@pytest.mark.parametrize("body", ['{"a": NaN}', '"\\ud800"', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "", "\x00"])
def test_odd_bodies_are_passed_on_for_the_service_to_judge(function: Start, endpoint: StubEndpoint, body: str) -> None:
    assert call(function(), event(body))["statusCode"] == 200
    assert endpoint.count == 1


def test_a_direct_invocation_sends_its_event_as_the_body(function: Start) -> None:
    serving = function()
    assert cache_of(call(serving, {"instances": ["x"]})) == "MISS"
    assert cache_of(call(serving, {"instances": ["x"]})) == "HIT"


def test_web_pages_of_the_allowed_origin_may_read_answers_and_errors(function: Start, endpoint: StubEndpoint) -> None:
    cors = {"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Expose-Headers": "X-Cache"}
    serving = function(answer_headers=cors)
    endpoint.fail(500, "InternalFailure")
    for _ in range(2):
        headers = call(serving, event(BODY))["headers"]
        assert headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        assert "X-Cache" in headers["Access-Control-Expose-Headers"]


@pytest.mark.req("5.5", "E22")
def test_the_log_has_one_json_line_per_request_and_nothing_of_the_payload(
    function: Start, endpoint: StubEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.fail(424, "ModelError", OriginalStatusCode=500, OriginalMessage="canary-message")
    call(function(), event({"instances": ["canary-body"]}, Authorization="Bearer canary-token"))
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["status"], logged["cache"], logged["requestId"]) == (502, "MISS", "gateway-1")
    assert "canary" not in line


def test_a_bug_is_a_500_with_its_place_in_the_log(
    function: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mldeploy_cache.function.handler.cache_key", None)
    answer = call(function(), event(BODY))
    assert (answer["statusCode"], answer["body"]["detail"]) == (500, "The function failed on this request.")
    assert "TypeError" in capsys.readouterr().out
    assert CONTEXT.aws_request_id not in answer["body"]["detail"]
