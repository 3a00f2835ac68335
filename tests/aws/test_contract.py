"""The call contract: what is repeated, for how long, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError, SSLError

from mldeploy_aws.contract import Contract
from mldeploy_aws.failures import AnswerLostError
from mldeploy_aws.operations import TABLE, Kind, operation_of
from tests.aws.stubbed import Time

URL = "https://example.com"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def contract(time: Time) -> Contract:
    return Contract(time.patience)


def refusal(code: str, text: str = "", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


class Aws:
    """Answers with errors, one after the other, then with success; counts what it is asked."""

    def __init__(self, *errors: Exception, forever: bool = False) -> None:
        self._errors = list(errors)
        self._forever = forever
        self.asked = 0

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self._forever:
            raise self._errors[0]
        if self._errors:
            raise self._errors.pop(0)
        return {"done": True}


LOST = {
    "read timeout": ReadTimeoutError(endpoint_url=URL),
    "closed": ConnectionClosedError(endpoint_url=URL),
    "500": refusal("InternalFailure", status=500),
    "503": refusal("ServiceUnavailable", status=503),
}


@pytest.mark.req("E4", "E5")
@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("Throttling"),
        refusal("TooManyRequestsException", status=429),
        refusal("SlowDown", status=503),
        refusal("SomethingNew", status=429),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["DescribeModel", "CreateModel", "UpdateEndpoint", "DeleteModel"])
def test_throttles_are_waited_out_whatever_the_call_does(contract: Contract, name: str, error: Exception) -> None:
    aws = Aws(*[error] * 6)
    assert contract.call("sagemaker", name, aws) == {"done": True}
    assert aws.asked == 7


@pytest.mark.req("E5")
def test_a_throttle_that_does_not_end_is_given_up_after_five_minutes_and_said_every_ten_seconds(
    contract: Contract, time: Time
) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        contract.call("sagemaker", "DescribeModel", Aws(refusal("ThrottlingException"), forever=True))
    assert 200 < sum(time.slept) <= 300
    assert 5 < len(time.said) <= 31


@pytest.mark.req("E5")
@pytest.mark.parametrize(
    ("service", "name", "error"),
    [
        ("apigateway", "CreateRestApi", refusal("LimitExceededException", "Maximum number of APIs", 429)),
        ("sagemaker", "CreateEndpoint", refusal("ResourceLimitExceeded", "for endpoint usage is 0 Instances")),
        ("lambda", "CreateFunction", refusal("InvalidParameterValueException", "Unzipped size must be smaller")),
        ("lambda", "AddPermission", refusal("ResourceConflictException", "The statement id already exists", 409)),
        ("sagemaker", "CreateModel", refusal("ValidationException", "1 validation error detected")),
        ("sagemaker", "CreateModel", refusal("AccessDeniedException", status=403)),
        ("sagemaker", "CreateModel", SSLError(endpoint_url=URL, error="certificate verify failed")),
        ("sagemaker", "CreateModel", refusal("NotImplemented", status=501)),
        ("s3", "PutObject", refusal("PreconditionFailed", status=412)),
    ],
    ids=str,
)
def test_what_no_waiting_repairs_fails_at_once(contract: Contract, service: str, name: str, error: Exception) -> None:
    aws = Aws(error)
    with pytest.raises(type(error)):
        contract.call(service, name, aws)
    assert aws.asked == 1


@pytest.mark.req("E5")
@pytest.mark.parametrize(
    ("service", "name", "error"),
    [
        ("lambda", "CreateFunction", refusal("InvalidParameterValueException", "The role cannot be assumed by Lambda")),
        ("sagemaker", "CreateModel", refusal("ValidationException", "Could not assume role arn:aws:iam::1:role/r")),
        ("sagemaker", "CreateEndpoint", refusal("ValidationException", "Could not find endpoint configuration c")),
        ("lambda", "UpdateFunctionCode", refusal("ResourceConflictException", "An update is in progress", 409)),
        ("apigateway", "DeleteStage", refusal("ConflictException", "due to concurrent modification", 409)),
        ("application-autoscaling", "PutScalingPolicy", refusal("ConcurrentUpdateException")),
        ("logs", "PutRetentionPolicy", refusal("OperationAbortedException")),
        ("s3", "PutObject", refusal("ConditionalRequestConflict", status=409)),
    ],
    ids=str,
)
def test_what_passes_is_waited_for_but_not_for_ever(
    contract: Contract, time: Time, service: str, name: str, error: Exception
) -> None:
    assert contract.call(service, name, Aws(error, error)) == {"done": True}
    started = time.now
    with pytest.raises(ClientError):
        contract.call(service, name, Aws(error, forever=True))
    assert 10 < time.now - started <= 120


@pytest.mark.req("E3")
@pytest.mark.parametrize("error", LOST.values(), ids=LOST)
def test_a_lost_answer_is_asked_for_again_only_where_that_is_harmless(contract: Contract, error: Exception) -> None:
    for service, name in (("iam", "GetRole"), ("iam", "PutRolePolicy"), ("iam", "DeleteRole")):
        assert contract.call(service, name, Aws(error, error)) == {"done": True}
    for service, name in (*creates(), ("sagemaker", "UpdateEndpoint"), ("sns", "PublishToNobodyKnowsWhat")):
        aws = Aws(error)
        with pytest.raises(AnswerLostError, match=name):
            contract.call(service, name, aws)
        assert aws.asked == 1, name


def test_a_call_that_never_left_is_repeated_even_if_it_creates(contract: Contract, time: Time) -> None:
    unsent = EndpointConnectionError(endpoint_url=URL)
    assert contract.call("apigateway", "CreateUsagePlan", Aws(unsent, unsent)) == {"done": True}
    with pytest.raises(EndpointConnectionError):
        contract.call("apigateway", "CreateUsagePlan", Aws(unsent, forever=True))
    assert sum(time.slept) < 60


@pytest.mark.parametrize(
    "error",
    [
        refusal("NoSuchEntity", status=404),
        refusal("ResourceNotFoundException"),
        refusal("404", status=404),
        refusal("ReplicationGroupNotFoundFault", status=404),
        refusal("ValidationException", 'Could not find model "m".'),
    ],
    ids=str,
)
def test_deleting_what_is_gone_is_success_and_reading_it_is_not(contract: Contract, error: Exception) -> None:
    assert contract.call("iam", "DeleteRole", Aws(error)) == {}
    with pytest.raises(ClientError):
        contract.call("iam", "GetRole", Aws(error))


def test_an_operation_that_aws_allows_rarely_is_spaced_out(contract: Contract, time: Time) -> None:
    for _ in range(3):
        contract.call("apigateway", "DeleteRestApi", Aws())
    contract.call("apigateway", "CreateStage", Aws())
    assert time.slept == pytest.approx([31, 31])
    assert "one per 31 s" in time.said[0]


def test_the_guard_is_asked_before_each_attempt_to_change_something(contract: Contract) -> None:
    asked: list[str] = []
    contract.guard = lambda: asked.append("guard")
    contract.call("sagemaker", "DescribeModel", Aws())
    contract.call("sagemaker", "CreateModel", Aws(), guarded=False)
    assert asked == []
    contract.call("sagemaker", "CreateModel", Aws(refusal("ThrottlingException")))
    assert len(asked) == 2


def creates() -> Iterator[tuple[str, str]]:
    """Yield every declared creation."""
    yield from (key for key in TABLE if operation_of(*key).kind is Kind.CREATE)
