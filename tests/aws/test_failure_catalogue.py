"""The catalogue of what goes wrong in deployments: 67 cases, each shown here or by the test that is named."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import CredentialsError, DeployError, MldeployError, PendingError, RefusedError
from tests.aws.refusing import ACTS, ENDPOINT, FUNCTION, POOL, Refusal, RefusingAccount

TESTS = Path(__file__).parents[1]
ALL = range(1, 68)
ALWAYS = 10_000
EMULATOR, TAG_INDEX = "mldeploy_sandbox", "resourcegroupstagging"
LAMBDA_ROLE = "The role defined for the function cannot be assumed by Lambda."
PASS_ROLE = "User: arn:aws:iam::1:user/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row: what a driver does, what refuses it, and what comes of that.

    - `tries`: how often the operation is called in all; None where it is a matter of time.
    - `ends`: the class of the error; None when it goes well in the end.
    - `cause`, `fix`: words of the message and of the hint. `answers`: what AWS answers to other operations.
    """

    row: int
    act: str
    refusal: Refusal
    tries: int | None = None
    ends: type[MldeployError] | None = None
    cause: str = ""
    fix: str = ""
    answers: dict[str, Any] = field(default_factory=dict)


def passes(row: int, act: str, operation: str, code: str, text: str = "", *, times: int = 2, **more: Any) -> Case:
    """Return a case that repeating survives."""
    refusal = Refusal(operation, code, text, times, more.pop("status", 400))
    return Case(row=row, act=act, refusal=refusal, tries=more.pop("tries", times + 1), **more)


def fails(
    row: int, act: str, operation: str, code: str, text: str = "", *, fix: str, tries: int | None = 1, **more: Any
) -> Case:
    """Return a case that ends in an error, at once unless `tries` says otherwise."""
    refusal = Refusal(operation, code, text, ALWAYS, more.pop("status", 400))
    ends = more.pop("ends", DeployError)
    return Case(row=row, act=act, refusal=refusal, tries=tries, ends=ends, cause=text or code, fix=fix, **more)


def state(row: int, act: str, operation: str, *, tries: int, ends: type[MldeployError], **more: Any) -> Case:
    """Return a case in which nothing is refused, and what AWS tells of its resources is bad news."""
    return Case(row=row, act=act, refusal=Refusal(operation, "", times=0), tries=tries, ends=ends, **more)


QUOTA = "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances"
CREATING = {"DescribeEndpoint": {**ENDPOINT, "EndpointStatus": "Creating"}}
NO_ADDRESSES = {
    "GetFunctionConfiguration": {
        **FUNCTION,
        "State": "Failed",
        "StateReasonCode": "SubnetOutOfIPAddresses",
        "StateReason": "no addresses left",
    }
}
VULNERABLE = {
    "imageScanStatus": {"status": "COMPLETE"},
    "imageScanFindings": {
        "findings": [{"name": "CVE-1", "severity": "CRITICAL"}, {"name": "CVE-2", "severity": "LOW"}]
    },
}
TAKEN = "The RevisionId provided does not match the latest RevisionId"
SHOWN_HERE = (
    passes(1, "make a model", "CreateModel", "ThrottlingException", "Rate exceeded", times=3),
    fails(1, "make a model", "CreateModel", "ThrottlingException", "Rate exceeded", tries=None, fix="throttled us"),
    passes(2, "delete an API", "DeleteRestApi", "TooManyRequestsException", status=429),
    fails(3, "make an API", "CreateRestApi", "LimitExceededException", "Maximum number", status=429, fix="quota"),
    passes(4, "make an API", "PutRestApi", "ConflictException", "due to concurrent modification", status=409),
    fails(6, "delete a usage plan", "DeleteUsagePlan", "BadRequestException", "API Stages associated", fix="by hand"),
    fails(
        7, "make a stage", "UpdateStage", "BadRequestException", "CloudWatch Logs role ARN must be set", fix="setAcc"
    ),
    passes(11, "make a function", "CreateFunction", "ResourceConflictException", "Function already exist", tries=1),
    passes(12, "change a function's code", "UpdateFunctionCode", "ResourceConflictException", "update is in progress"),
    fails(13, "change a function's code", "UpdateFunctionCode", "PreconditionFailedException", TAKEN, fix="plan"),
    passes(14, "make a function", "CreateFunction", "InvalidParameterValueException", LAMBDA_ROLE),
    fails(
        14,
        "make a function",
        "CreateFunction",
        "InvalidParameterValueException",
        LAMBDA_ROLE,
        tries=None,
        fix="trust policy",
    ),
    fails(
        14, "make a function", "CreateFunction", "InvalidParameterValueException", "Unknown runtime", fix="run again"
    ),
    state(
        15,
        "bring an image back",
        "PutImage",
        tries=0,
        ends=DeployError,
        cause="is gone, and the project's files are no longer those it was built from",
        fix="check that version out",
    ),
    state(
        16,
        "make a function",
        "CreateFunction",
        tries=1,
        ends=DeployError,
        cause="no addresses left (SubnetOutOfIPAddresses)",
        fix="cache.vpc.subnets",
        answers=NO_ADDRESSES,
    ),
    fails(17, "make a function", "CreateFunction", "RequestEntityTooLargeException", status=413, fix="smaller"),
    fails(18, "make a function", "CreateFunction", "CodeStorageExceededException", fix="delete old versions"),
    passes(19, "delete a security group", "DeleteSecurityGroup", "DependencyViolation", times=3),
    passes(22, "make a log group", "CreateLogGroup", "ResourceAlreadyExistsException", "already exists", tries=1),
    fails(
        22,
        "make a log group",
        "CreateLogGroup",
        "ResourceAlreadyExistsException",
        ends=RefusedError,
        fix="--adopt",
        answers={"ListTagsLogGroup": {"tags": {}}},
    ),
    passes(23, "make a log group", "PutRetentionPolicy", "OperationAbortedException"),
    passes(25, "make a model", "CreateModel", "ValidationException", "Could not assume role arn:aws:iam::1:role/r"),
    fails(25, "make a model", "CreateModel", "ValidationException", "Could not assume role", tries=None, fix="trust"),
    passes(26, "make a configuration", "CreateEndpointConfig", "ValidationException", "Could not find model m"),
    passes(26, "make an endpoint", "CreateEndpoint", "ValidationException", "Could not find endpoint configuration"),
    passes(27, "make an endpoint", "CreateEndpoint", "ValidationException", "already existing endpoint", tries=1),
    state(
        32,
        "wait for an endpoint",
        "CreateEndpoint",
        tries=1,
        ends=PendingError,
        cause="still waiting for endpoint probe-dev",
        fix="run the same command again",
        answers=CREATING,
    ),
    fails(
        35, "make a model", "CreateModel", "ValidationException", "Unsupported manifest media type", fix="provenance"
    ),
    fails(36, "make an endpoint", "CreateEndpoint", "ResourceLimitExceeded", QUOTA, fix="Service Quotas"),
    fails(37, "make an endpoint", "CreateEndpoint", "InsufficientInstanceCapacity", fix="another instance type"),
    fails(38, "move an endpoint", "UpdateEndpoint", "ResourceLimitExceeded", QUOTA, fix="Service Quotas"),
    passes(41, "make a policy", "PutScalingPolicy", "ConcurrentUpdateException"),
    fails(44, "make a model", "CreateModel", "ValidationException", "Could not access model data", fix="s3:GetObject"),
    fails(47, "make a role", "CreateRole", "EntityAlreadyExists", ends=RefusedError, fix="--adopt", status=409),
    fails(48, "delete a role", "DeleteRole", "DeleteConflict", "must detach all policies first", fix="detach"),
    fails(49, "make a role", "PutRolePolicy", "MalformedPolicyDocument", fix="ARNs in release.yaml"),
    fails(
        50, "make a model", "CreateModel", "AccessDeniedException", PASS_ROLE, fix="allow iam:PassRole on", status=403
    ),
    fails(51, "make a model", "CreateModel", "ExpiredTokenException", ends=CredentialsError, fix="it resumes"),
    fails(52, "make a role", "CreateRole", "InvalidIdentityToken", ends=CredentialsError, fix="get-caller-identity"),
    fails(53, "make a role", "CreateRole", "RequestTimeTooSkewed", ends=CredentialsError, fix="the clock"),
    fails(
        54, "make a role", "CreateRole", "UnrecognizedClientException", ends=CredentialsError, fix="region is enabled"
    ),
    fails(56, "delete a pool", "DeleteUserPool", "InvalidParameterException", "has a domain configured", fix="by hand"),
    fails(
        57,
        "make a domain",
        "CreateUserPoolDomain",
        "InvalidParameterException",
        "Domain already associated with another user pool",
        ends=RefusedError,
        fix="rename the release",
    ),
    state(
        58,
        "delete a pool",
        "DeleteUserPool",
        tries=0,
        ends=RefusedError,
        cause="has 3 users, which would be lost",
        fix="delete the users first",
        answers={"DescribeUserPool": {"UserPool": {**POOL, "EstimatedNumberOfUsers": 3}}},
    ),
    fails(60, "delete a repository", "DeleteRepository", "RepositoryNotEmptyException", fix="did not make"),
    passes(61, "pass an image scan", "DescribeImageScanFindings", "ScanNotFoundException", times=1, tries=3),
    state(
        61,
        "pass an image scan",
        "DescribeImageScanFindings",
        tries=2,
        ends=RefusedError,
        cause="1 findings of HIGH or worse",
        fix="image.scan.waivers",
        answers={"DescribeImageScanFindings": VULNERABLE},
    ),
    state(
        61,
        "pass an image scan",
        "DescribeImageScanFindings",
        tries=1,
        ends=DeployError,
        cause="ECR cannot scan the image: UNSUPPORTED_IMAGE",
        fix="distribution that ECR knows",
        answers={"DescribeImageScanFindings": {"imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}}},
    ),
    passes(62, "delete Redis", "DeleteReplicationGroup", "InvalidReplicationGroupState"),
)

SHOWN_ELSEWHERE = {
    5: "sandbox/test_apigateway_import.py::test_what_is_in_use_is_not_deleted",
    8: "plugins/test_gateway_deployment.py::test_a_changed_document_is_live_and_the_old_deployment_is_gone",
    9: "plugins/test_gateway_drivers.py::"
    "test_every_api_that_a_lost_answer_left_behind_is_deleted_as_slowly_as_aws_wants",
    10: "plugins/test_gateway_deployment.py::test_what_somebody_deleted_is_made_again",
    20: "plugins/test_request_check.py::test_what_a_cold_gateway_answers_is_waited_out",
    21: "plugins/test_cache_plan.py::test_the_role_may_invoke_one_endpoint_and_write_to_one_group_and_not_make_groups",
    24: "plugins/test_sagemaker_deployment.py::"
    "test_the_log_group_is_there_first_with_a_retention_and_goes_with_the_rest",
    28: "plugins/test_sagemaker_deployment.py::test_an_update_waits_for_the_one_that_is_under_way",
    29: "plugins/test_sagemaker_deployment.py::test_a_first_start_that_failed_is_made_anew_where_that_is_allowed",
    30: "plugins/test_sagemaker_deployment.py::test_a_rollback_without_any_reason_is_no_success",
    31: "plugins/test_sagemaker_diagnosis.py::test_the_first_cause_is_the_right_one",
    33: "e2e/test_broken_models.py::test_a_model_that_raises_at_load_never_serves",
    34: "scaffold/test_image.py::test_an_image_for_another_processor_is_refused",
    39: "plugins/test_sagemaker_deployment.py::"
    "test_scaled_out_instances_and_scaling_survive_updates_and_another_instance_type",
    40: "plugins/test_lost_records.py::test_scaling_that_was_switched_off_goes_before_its_endpoint",
    42: "plugins/test_sagemaker_plan.py::test_concurrency_uses_the_metric_of_ten_seconds",
    43: "core/test_strays.py::test_a_run_with_a_record_keeps_what_a_rollback_needs",
    45: "e2e/test_broken_models.py::test_a_model_that_raises_on_requests_is_rolled_back",
    46: "aws/test_failure_catalogue.py::test_a_model_that_is_not_ready_is_asked_again",
    55: "crash/test_crash_points.py::test_lost_answers_to_every_kind_of_call_leave_no_duplicate",
    59: "plugins/test_container_images.py::test_an_image_that_another_run_pushed_meanwhile_is_taken",
    63: "plugins/test_cache_drivers.py::test_a_group_that_failed_says_so",
    64: "aws/test_failure_catalogue.py::test_nothing_relies_on_the_tag_index",
    66: "apigee/test_failures.py::test_a_revision_that_cannot_be_served_leaves_the_old_one_serving",
    67: "crash/test_crash_points.py::test_every_crash_point_converges",
}
TO_COME = {
    65: "the plugin `eks`",
}
"""Rows that no test can show yet, and what they wait for."""


@pytest.fixture(scope="module")
def account() -> RefusingAccount:
    return RefusingAccount()


@pytest.mark.req("E5", "E27")
@pytest.mark.parametrize("case", SHOWN_HERE, ids=lambda case: f"{case.row} {case.refusal.code or case.act}")
def test_a_row_of_the_catalogue(case: Case, account: RefusingAccount, tmp_path: Path) -> None:
    account.refuse(case.refusal, case.answers)
    if case.ends is None:
        ACTS[case.act].perform(account, tmp_path)
    else:
        with pytest.raises(MldeployError) as caught:
            ACTS[case.act].perform(account, tmp_path)
        assert type(caught.value) is case.ends, caught.value
        if case.ends is not RefusedError or case.refusal.times == 0:
            assert case.cause in caught.value.message
        assert case.fix in caught.value.hint
    if case.tries is not None:
        assert account.asked.count(case.refusal.operation) == case.tries
    else:
        assert 60 < sum(account.time.slept) <= 300


def test_every_row_is_accounted_for() -> None:
    here = {case.row for case in SHOWN_HERE}
    assert here | SHOWN_ELSEWHERE.keys() | TO_COME.keys() == set(ALL)
    assert not here & SHOWN_ELSEWHERE.keys()


@pytest.mark.parametrize("place", sorted(set(SHOWN_ELSEWHERE.values())))
def test_the_test_that_a_row_names_is_there(place: str) -> None:
    file, _, name = place.partition("::")
    module = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.req("E5")
def test_a_log_group_that_the_service_made_first_gets_its_retention(account: RefusingAccount, tmp_path: Path) -> None:
    forever = {"logGroups": [{"logGroupName": "probe-dev", "arn": "arn:l"}]}
    taken = Refusal("CreateLogGroup", "ResourceAlreadyExistsException", "The specified log group already exists")
    account.refuse(taken, {"DescribeLogGroups": forever})
    ACTS["make a log group"].perform(account, tmp_path)
    assert account.asked.index("PutRetentionPolicy") > account.asked.index("CreateLogGroup")


@pytest.mark.req("E5")
def test_a_model_that_is_not_ready_is_asked_again(account: RefusingAccount) -> None:
    account.refuse(Refusal("InvokeEndpoint", "ModelNotReadyException", times=3, status=429))
    account.client("sagemaker-runtime").invoke_endpoint(EndpointName="probe-dev", Body=b"{}")
    assert account.asked == ["InvokeEndpoint"] * 4


def test_nothing_relies_on_the_tag_index() -> None:
    """It returns what was deleted for hours (boto3 issue 3341); what we own is asked of each service itself."""
    sources = [path for path in (TESTS.parent / "plugins").glob("mldeploy_*/**/*.py") if EMULATOR not in path.parts]
    assert len(sources) > 50
    assert [path for path in sources if TAG_INDEX in path.read_text("utf-8")] == []
