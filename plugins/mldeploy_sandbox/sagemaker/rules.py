"""SageMaker's refusals, worded as the service words them. Every rule names where it is written."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.rules import Rule, declare
from mldeploy_sandbox.sagemaker.images import REFERENCE, ImageError, find_image
from mldeploy_sandbox.world import World

NAME_TAKEN = declare(
    "sagemaker-name-taken",
    "sagemaker:CreateModel",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateEndpoint",
    says="A name is used once.",
    source="https://github.com/aws/sagemaker-python-sdk/issues/101",
)
NOT_THERE = declare(
    "sagemaker-not-there",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateEndpoint",
    "sagemaker:UpdateEndpoint",
    "sagemaker:DeleteEndpoint",
    says="Models, configurations and endpoints that are named have to exist.",
    source="https://github.com/hashicorp/terraform-provider-aws/issues/40048",
)
STATE = declare(
    "sagemaker-endpoint-state",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "sagemaker:DeleteEndpoint",
    says="An endpoint is not changed while another change runs; one that failed can only be deleted.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html",
)
MODEL_PARTS = declare(
    "sagemaker-model-parts",
    "sagemaker:CreateModel",
    says="The role exists and trusts SageMaker, the image is in ECR with a Docker manifest, the archive is in S3.",
    source="https://github.com/aws/amazon-sagemaker-feedback/issues/180",
)


def refused(message: str, rule: Rule = MODEL_PARTS) -> AwsError:
    """Return SageMaker's error for everything it does not want."""
    return rule.refusal("ValidationException", message)


def arn(call: Call, kind: str, name: str) -> str:
    """Return an ARN; SageMaker writes names in ARNs in lower case."""
    return f"arn:aws:sagemaker:{call.region}:{call.account_id}:{kind}/{name.lower()}"


def check_new(call: Call, existing: object, kind: str, words: str, name: str) -> None:
    """Refuse a name that is taken.

    Source: https://github.com/aws/sagemaker-python-sdk/issues/101 (endpoint),
    https://github.com/awslabs/spot-tagging-bot-for-digital-assets/issues/2 (configuration).
    """
    if existing is not None:
        message = f'Cannot create already existing {words} "{arn(call, kind, name)}".'
        raise refused(message, NAME_TAKEN)


def check_found(call: Call, found: object, kind: str, words: str, name: str) -> None:
    """Refuse a reference to something that does not exist.

    Source: https://github.com/hashicorp/terraform-provider-aws/issues/40048.
    """
    if found is None:
        message = f'Could not find {words} "{arn(call, kind, name)}".'
        raise refused(message, NOT_THERE)


def check_model(world: World, call: Call) -> None:
    """Check what CreateModel looks up: the role, the images and the model data.

    Sources: https://github.com/awslabs/predictive-maintenance-using-machine-learning/issues/3 (role),
    https://github.com/aws-samples/easy-amazon-sagemaker-deployments/issues/4 (image),
    https://github.com/aws-ia/ecs-blueprints/issues/223 (model data).
    """
    containers = [call.params.get("PrimaryContainer"), *(call.params.get("Containers") or [])]
    definitions = [definition for definition in containers if definition]
    if not definitions:
        message = "Either PrimaryContainer or Containers must be specified."
        raise refused(message)
    _check_role(world, call.params.get("ExecutionRoleArn", ""))
    for definition in definitions:
        _check_image(world, definition)
        _check_model_data(world, call, definition.get("ModelDataUrl"))


def _check_role(world: World, role_arn: str) -> None:
    with world.moto.lock:
        roles = world.backend("iam", "aws").roles.values()
        policy = next((role.assume_role_policy_document for role in roles if role.arn == role_arn), None)
    if policy is None or not _allows_sagemaker(policy):
        message = (
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )
        raise refused(message)


def _allows_sagemaker(policy: str) -> bool:
    document = json.loads(unquote(policy))
    statements: Any = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        names = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and "sagemaker.amazonaws.com" in names:
            return True
    return False


def _check_image(world: World, definition: dict[str, Any]) -> None:
    """Refuse an image that is not in this account's registry, or whose manifest SageMaker cannot read.

    Images of other accounts, such as AWS's own, cannot be seen from here and pass until they should run.
    Source of the second rule: https://github.com/aws/amazon-sagemaker-feedback/issues/180.
    """
    reference = definition.get("Image", "")
    match = REFERENCE.fullmatch(reference)
    private = (definition.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc"
    if private or (match is not None and match["account"] != world.account_id):
        return
    try:
        image = find_image(world, reference)
    except ImageError as error:
        raise refused(str(error)) from error
    media_type = image.manifest.get("mediaType", "")
    if ".oci." in media_type:
        message = f"Unsupported manifest media type {media_type} for image {reference}."
        raise refused(message)


def _check_model_data(world: World, call: Call, url: str | None) -> None:
    if not url:
        return
    location = urlsplit(url)
    params = {"Bucket": location.netloc, "Key": location.path.lstrip("/")}
    head = Call(service="s3", operation="HeadObject", params=params, region=call.region, account_id=call.account_id)
    try:
        world.moto.answer(head)
    except AwsError as error:
        message = f"Could not find model data at {url}."
        raise refused(message) from error
