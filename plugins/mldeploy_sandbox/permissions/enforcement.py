"""A policy in force: calls that it does not allow are refused, in the words of each service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mldeploy_sandbox.identity import ACCOUNT_ID
from mldeploy_sandbox.permissions.policy import Policy
from mldeploy_sandbox.permissions.required import Permission
from mldeploy_sandbox.plane import AwsError

DENIED = {"ec2": "UnauthorizedOperation", "iam": "AccessDenied", "s3": "AccessDenied", "sts": "AccessDenied"}
DEFAULT_DENIED = "AccessDeniedException"
PRINCIPAL = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/deployer/sandbox"


class Enforcement:
    """Asks a policy before each call; without a policy everything is allowed.

    The policy is the deployer's. What runs in the sandbox (functions, containers) has roles of its own and is let pass.
    """

    def __init__(self, exempt: Iterable[str] = (), tags: Callable[[str], Mapping[str, str]] = lambda _: {}) -> None:
        self._exempt = frozenset(exempt)
        self._tags = tags
        self.policy: Policy | None = None

    def check(self, caller: str, service: str, permissions: Iterable[Permission]) -> None:
        """Refuse a call that needs a permission which the policy does not give.

        Arguments:
            caller: the access key id.

        Raises:
            AwsError: it names principal, action and resource, as AWS does
                (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
        """
        policy = self.policy
        if policy is None or caller in self._exempt:
            return
        for needed in permissions:
            permission = replace(needed, context={**needed.context, **self._tags(needed.resource)})
            if not policy.allows(permission):
                explicit = policy.denies(permission)
                reason = (
                    "with an explicit deny in an identity-based policy"
                    if explicit
                    else f"because no identity-based policy allows the {permission.action} action"
                )
                message = (
                    f"User: {PRINCIPAL} is not authorized to perform: {permission.action} on resource: "
                    f"{permission.resource} {reason}"
                )
                raise AwsError(DENIED.get(service, DEFAULT_DENIED), message, 403)
