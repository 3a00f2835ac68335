"""Look SageMaker resources up: it says "ValidationException: Could not find …" instead of a code of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mldeploy import Observed, Step
from mldeploy_aws.driver import AwsDriver, found_or_none

MISSING = "Could not find"


class SageMakerDriver(AwsDriver):
    """Base of the SageMaker drivers."""

    service = "sagemaker"
    arn_key: ClassVar[str]
    """The output that holds the ARN."""

    def described(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return what a Describe call returns, or None when the resource does not exist."""
        return found_or_none(call, "ValidationException", text=MISSING)

    def tags_of(self, arn: str) -> list[dict[str, str]]:
        """Return the tags of a resource, as Key/Value pairs."""
        found: list[dict[str, str]] = self.client.list_tags(ResourceArn=arn)["Tags"]
        return found

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is enough
        """Put our tags."""
        self.client.add_tags(ResourceArn=observed.outputs[self.arn_key], Tags=self.tag_list())
