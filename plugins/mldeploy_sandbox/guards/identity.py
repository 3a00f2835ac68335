"""IAM's rules for documents, and who may assume a role."""

from __future__ import annotations

import json
from typing import Any

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

MAX_INLINE_CHARACTERS = 10_240
QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"

TRUST = declare(
    "iam-trust-policy",
    "iam:CreateRole",
    "iam:UpdateAssumeRolePolicy",
    says="A trust policy is JSON whose statements have an effect, an action and a principal.",
    source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html#API_CreateRole_Errors",
)
POLICY_SIZE = declare(
    "iam-inline-policy-size",
    "iam:PutRolePolicy",
    says="All inline policies of a role have 10,240 characters at most, without white space.",
    source=QUOTAS,
)
ASSUMED_ROLE = declare(
    "sts-role-exists",
    "sts:AssumeRole",
    says="Only a role that exists can be assumed.",
    source="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
)
MALFORMED, EXCEEDED, DENIED = "MalformedPolicyDocument", "LimitExceeded", "AccessDenied"


def check_trust(world: World, call: Call) -> None:  # noqa: ARG001 - see Guard
    """Refuse a trust policy that cannot be read or trusts nobody."""
    text = call.params.get("AssumeRolePolicyDocument", call.params.get("PolicyDocument", ""))
    try:
        document = json.loads(text)
    except ValueError as error:
        message = "This policy contains invalid Json"
        raise TRUST.refusal(MALFORMED, message) from error
    statements: Any = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        missing = [name for name in ("Effect", "Action", "Principal") if name not in (statement or {})]
        if missing:
            message = f"Missing required field {missing[0]}"
            raise TRUST.refusal(MALFORMED, message)


def check_policy_size(world: World, call: Call) -> None:
    """Refuse an inline policy that makes a role's policies too large."""
    name = call.params["RoleName"]
    roles = world.backend("iam", "global").roles.values()
    policies = next((dict(role.policies) for role in roles if role.name == name), {})
    policies[call.params["PolicyName"]] = call.params["PolicyDocument"]
    if sum(len("".join(text.split())) for text in policies.values()) > MAX_INLINE_CHARACTERS:
        message = f"Maximum policy size of {MAX_INLINE_CHARACTERS} bytes exceeded for role {name}"
        raise POLICY_SIZE.refusal(EXCEEDED, message, 409)


def check_assumed_role(world: World, call: Call) -> None:
    """Refuse a role of this account that does not exist."""
    wanted = call.params["RoleArn"]
    if f":{call.account_id}:" not in wanted:
        return
    if all(role.arn != wanted for role in world.backend("iam", "global").roles.values()):
        message = f"User: arn:aws:iam::{call.account_id}:user/sandbox is not authorized to perform: sts:AssumeRole on "
        raise ASSUMED_ROLE.refusal(DENIED, f"{message}resource: {wanted}", 403)


GUARDS = {
    ("iam", "CreateRole"): check_trust,
    ("iam", "UpdateAssumeRolePolicy"): check_trust,
    ("iam", "PutRolePolicy"): check_policy_size,
    ("sts", "AssumeRole"): check_assumed_role,
}
