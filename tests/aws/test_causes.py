"""Refusals of AWS become errors that name the call, the code, the request, a cause and a fix."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from mldeploy.errors import CredentialsError, DeployError, MldeployError
from mldeploy_aws.failures import translated

AGAIN = "run again"
CASES: list[tuple[str, str, type[MldeployError], str]] = [
    ("LimitExceededException", "Maximum number of APIs for this account has been reached", DeployError, "quota"),
    ("ResourceLimitExceeded", "ml.g5.xlarge for endpoint usage is 0 Instances", DeployError, "Service Quotas"),
    ("InsufficientInstanceCapacity", "", DeployError, "another instance type"),
    ("BadRequestException", "CloudWatch Logs role ARN must be set in account settings", DeployError, "update-account"),
    ("ValidationException", "Could not assume role arn:aws:iam::1:role/r", DeployError, "trust policy"),
    ("ValidationException", "Unsupported manifest media type application/vnd.oci.image", DeployError, "provenance"),
    ("InvalidParameterValueException", "Unzipped size must be smaller than 262144000", DeployError, "too large"),
    ("CodeStorageExceededException", "", DeployError, "old versions"),
    ("MalformedPolicyDocument", "", DeployError, "policy"),
    ("RepositoryNotEmptyException", "", DeployError, "did not make"),
    ("BucketNotEmpty", "", DeployError, "did not make"),
    ("DeleteConflict", "", DeployError, "detach"),
    ("BucketAlreadyExists", "", DeployError, "rename the release"),
    ("InvalidParameterException", "Domain already associated with another user pool.", DeployError, "prefix is taken"),
    ("InvalidParameterException", "cannot be deleted: deletion protection is active", DeployError, "protection off"),
    ("PreconditionFailedException", "The RevisionId provided does not match", DeployError, "mldeploy plan"),
    ("ImageTagAlreadyExistsException", "", DeployError, "tag"),
    ("InvalidReplicationGroupState", "", DeployError, "half an hour"),
    ("DependencyViolation", "", DeployError, "network interfaces"),
    ("ThrottlingException", "Rate exceeded", DeployError, "throttled us"),
    ("AccessDeniedException", "no identity-based policy allows the action", DeployError, "allow CreateThing"),
    ("AccessDenied", "with an explicit deny in a service control policy", DeployError, "allow CreateThing"),
    ("SomethingNew", "whatever", DeployError, "what is done is kept"),
    ("ExpiredTokenException", "", CredentialsError, "resumes"),
    ("InvalidIdentityToken", "No OpenIDConnect provider found in your account", CredentialsError, "get-caller"),
    ("RequestTimeTooSkewed", "", CredentialsError, "clock"),
    ("UnrecognizedClientException", "", CredentialsError, "get-caller-identity"),
]


@pytest.mark.req("E5", "E27")
@pytest.mark.parametrize(("code", "text", "kind", "fix"), CASES, ids=[f"{case[0]} {case[1][:20]}" for case in CASES])
def test_an_error_names_call_code_request_cause_and_fix(
    code: str, text: str, kind: type[MldeployError], fix: str
) -> None:
    answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "4711"}}
    with pytest.raises(kind) as caught, translated("creating the thing"):
        raise ClientError(answer, "CreateThing")
    assert type(caught.value) is kind
    assert f"CreateThing answered {code} while creating the thing" in caught.value.message
    assert text in caught.value.message
    assert "request id 4711" in caught.value.details
    assert fix in caught.value.hint


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NoCredentialsError(), CredentialsError), (ReadTimeoutError(endpoint_url="https://x"), DeployError)],
)
def test_what_is_no_answer_is_translated_too(error: Exception, kind: type[MldeployError]) -> None:
    with pytest.raises(kind, match="creating the thing") as caught, translated("creating the thing"):
        raise error
    assert caught.value.hint


def test_an_error_of_ours_passes_unchanged() -> None:
    error = DeployError("ours", hint="do this")
    with pytest.raises(DeployError) as caught, translated("creating the thing"):
        raise error
    assert caught.value is error
