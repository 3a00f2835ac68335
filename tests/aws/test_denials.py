"""What a refusal for want of a permission tells people to allow."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mldeploy import Context
from mldeploy.errors import DeployError
from mldeploy_aws.failures import translated
from mldeploy_sagemaker.models import ModelDriver
from tests.aws.refusing import Refusal, RefusingAccount

USER = "User: arn:aws:sts::123456789012:assumed-role/deploy/ci is not authorized to perform:"
ROLE = "arn:aws:iam::123456789012:role/x-dev-cache"


@pytest.mark.req("X2")
@pytest.mark.parametrize(
    ("operation", "code", "text", "allow"),
    [
        (
            "CreateFunction",
            "AccessDeniedException",
            f"{USER} iam:PassRole on resource: {ROLE} because no identity-based policy allows the iam:PassRole action",
            f"allow iam:PassRole on {ROLE} to the identity",
        ),
        (
            "DescribeSubnets",
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {USER} ec2:DescribeSubnets because no policy allows it",
            "allow ec2:DescribeSubnets to the identity",
        ),
        ("HeadBucket", "403", "Forbidden", "allow s3:ListBucket to the identity"),
        ("HeadObject", "403", "Forbidden", "allow s3:GetObject to the identity"),
        ("PutObject", "AccessDenied", "Access Denied", "allow PutObject to the identity"),
    ],
)
def test_a_refusal_names_the_action_to_allow(operation, code, text, allow):
    answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 403}}
    with pytest.raises(DeployError) as caught, translated("testing"):
        raise ClientError(answer, operation)
    assert caught.value.hint.startswith(allow)
    assert "mldeploy policy deployer" in caught.value.hint


@pytest.mark.req("X2")
def test_a_refusal_while_leftovers_are_looked_for_names_the_action_too(tmp_path: Path) -> None:
    account = RefusingAccount()
    text = f"{USER} sagemaker:ListModels because no identity-based policy allows the sagemaker:ListModels action"
    account.refuse(Refusal("ListModels", "AccessDeniedException", text, status=403))
    context = Context(
        name="probe",
        env="dev",
        root=tmp_path,
        config={},
        tags={},
        find_provider=lambda _kind, _context: account,
        emit=lambda _event: None,
    )
    with pytest.raises(DeployError, match=r"while looking for leftovers \(Model\)") as caught:
        list(ModelDriver(context).existing())
    assert caught.value.hint.startswith("allow sagemaker:ListModels to the identity")
