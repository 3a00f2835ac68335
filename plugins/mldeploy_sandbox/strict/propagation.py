"""IAM's delay: for some seconds no service can assume a role that was just made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.plane import AwsError, Call, Gate, Key
from mldeploy_sandbox.rules import declare

SECONDS = 8.0
"""Within the 2 to 60 s that people report; AWS promises no figure."""

NOT_YET = declare(
    "iam-propagation",
    "sagemaker:CreateModel",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    says="Strict mode: no service can assume a role in the first 8 s of its life.",
    source=(
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency, "
        "https://github.com/aws/aws-cli/issues/7700"
    ),
)


def _sagemaker(role: str) -> AwsError:
    message = (
        f"Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )
    return NOT_YET.refusal("ValidationException", message)


def _lambda(role: str) -> AwsError:  # noqa: ARG001 - Lambda does not name it
    message = "The role defined for the function cannot be assumed by Lambda."
    return NOT_YET.refusal("InvalidParameterValueException", message)


READERS: Mapping[Key, tuple[str, Callable[[str], AwsError]]] = {
    ("sagemaker", "CreateModel"): ("ExecutionRoleArn", _sagemaker),
    ("lambda", "CreateFunction"): ("Role", _lambda),
    ("lambda", "UpdateFunctionConfiguration"): ("Role", _lambda),
}
"""Operation → the member with the role, and how the service refuses it."""


class Propagation(Gate):
    """A gate that remembers when roles were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[str, float] = {}

    def before(self, call: Call) -> None:
        """Refuse a role that is too new.

        Raises:
            AwsError: in the words of the service.
        """
        member, refuse = READERS.get((call.service, call.operation), ("", _sagemaker))
        role = call.params.get(member, "")
        made = self._made.get(role)
        if made is not None and self._clock.monotonic() - made < SECONDS:
            raise refuse(role)

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return key == ("iam", "CreateRole")

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - see Gate
        """See `Gate`."""
        self._made[result["Role"]["Arn"]] = self._clock.monotonic()
        return result
