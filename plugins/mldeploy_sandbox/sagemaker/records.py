"""SageMaker's resources as moto keeps them, describing themselves as AWS does.

They live in moto's own stores, so that its lists, tags, search and Resource Groups Tagging see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, Model

from mldeploy_sandbox.plane import Call

UPDATABLE = frozenset({"InService", "UpdateRollbackFailed"})
DELETABLE = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed"})


class _Created:
    """Answers for moto's CloudFormation that the resource is there."""

    def is_created(self) -> bool:
        return True


class ModelRecord(_Created, Model):
    """A model that keeps every member it was created with; moto drops some and invents empty ones."""

    def __init__(self, call: Call) -> None:
        params = call.params
        super().__init__(
            call.account_id,
            call.region,
            params["ModelName"],
            params.get("ExecutionRoleArn", ""),
            params.get("PrimaryContainer", {}),
            params.get("VpcConfig", {}),
            params.get("Containers"),
            params.get("Tags"),
        )
        self._description = _without_tags(params) | {
            "ModelArn": self.arn,
            "CreationTime": self.creation_time,
            "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False),
        }

    @property
    def response_object(self) -> dict[str, Any]:
        """Return the output of DescribeModel."""
        return dict(self._description)


class EndpointConfigRecord(_Created, FakeEndpointConfig):
    """A configuration that takes every instance type of the service model; moto knows 66 of them."""

    def __init__(self, call: Call) -> None:
        params = call.params
        super().__init__(
            call.account_id,
            call.region,
            params["EndpointConfigName"],
            params["ProductionVariants"],
            params.get("AsyncInferenceConfig", {}),
            params.get("DataCaptureConfig", {}),
            params.get("Tags", []),
            params.get("KmsKeyId", ""),
        )
        self.arn = self.endpoint_config_arn  # type: ignore[assignment] # moto makes it a tuple by mistake
        self._description = _without_tags(params) | {
            "EndpointConfigArn": self.endpoint_config_arn,
            "CreationTime": self.creation_time,
        }

    def validate_production_variants(self, production_variants: list[dict[str, Any]]) -> None:
        """Accept them: the front has checked them against the service model."""

    @property
    def response_object(self) -> dict[str, Any]:
        """Return the output of DescribeEndpointConfig."""
        return dict(self._description)


class EndpointRecord(_Created, FakeEndpoint):
    """An endpoint whose status somebody else moves on."""

    def __init__(self, call: Call, variants: list[dict[str, Any]]) -> None:
        params = call.params
        super().__init__(
            call.account_id,
            call.region,
            params["EndpointName"],
            params["EndpointConfigName"],
            [],
            {},
            params.get("Tags", []),
        )
        self.endpoint_status = "Creating"
        self.reason = ""
        self.production_variants = variants
        self.extras: dict[str, Any] = {}
        self.pending: dict[str, Any] = {}
        self.capture_options: list[str] = []

    def move(self, status: str, reason: str = "") -> None:
        """Enter another status; the reason of the last failure stays until the next change begins."""
        self.endpoint_status = status
        self.reason = reason
        self.last_modified_time = utcnow()

    @property
    def response_object(self) -> dict[str, Any]:
        """Return the output of DescribeEndpoint."""
        description = {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "EndpointConfigName": self.endpoint_config_name,
            "ProductionVariants": self.production_variants,
            "EndpointStatus": self.endpoint_status,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "PendingDeploymentSummary": self.pending,
            **self.extras,
        }
        if self.reason:
            description["FailureReason"] = self.reason
        return {name: value for name, value in description.items() if value not in (None, [], {})}


def _without_tags(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "Tags"}
