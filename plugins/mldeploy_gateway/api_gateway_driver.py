"""The base of the drivers of API Gateway."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from mldeploy import Observed, Step
from mldeploy_aws.driver import AwsDriver

NOT_FOUND = "NotFoundException"


class ApiGatewayDriver(AwsDriver):
    """Lists what API Gateway gives in pages; its throttles and conflicts are the call contract's matter."""

    service = "apigateway"

    def items(self, operation: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the items of all pages of a listing."""
        pages = self.client.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page["items"]]


class TaggedDriver(ApiGatewayDriver):
    """For what carries tags of its own."""

    def put_tags(self, step: Step, observed: Observed) -> None:
        """Put our tags."""
        arn = f"arn:aws:apigateway:{self.aws.region}::{self.path(step, observed)}"
        self.client.tag_resource(resourceArn=arn, tags=self.tags())

    @abstractmethod
    def path(self, step: Step, observed: Observed) -> str:
        """Return the path of the resource, as its ARN has it."""
