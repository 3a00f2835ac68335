"""What the live endpoint has beyond release.yaml, and how an update leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mldeploy import Step
    from mldeploy.model import JSON
    from mldeploy_sagemaker.lookup import SageMakerDriver

CAPTURE = "DataCaptureConfig"
RETAINABLE = ("DesiredInstanceCount", "DesiredWeight", CAPTURE)
"""What UpdateEndpoint can carry over (API reference, VariantProperty)."""

DESCRIBED = {"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata", "ProductionVariants"}
PLACE = {"VariantName", "ModelName", "InstanceType", "InitialInstanceCount", "InitialVariantWeight", "ServerlessConfig"}
"""What every variant says somehow; another value is a change, not a loss."""


class LiveSettings:
    """The configuration that an endpoint runs on, beside what release.yaml asks for."""

    def __init__(self, driver: SageMakerDriver, endpoint: Mapping[str, Any]) -> None:
        self._driver = driver
        self._endpoint = endpoint

    def models(self) -> dict[str, str]:
        """Return variant → name of its model."""
        variants = (v for key in ("ProductionVariants", "ShadowProductionVariants") for v in self._config.get(key, []))
        return {variant["VariantName"]: variant.get("ModelName", "") for variant in variants}

    def instance_types(self) -> dict[str, str]:
        """Return variant → instance type, without serverless ones."""
        return variants_of(self._config)

    def would_be_lost(self, step: Step) -> list[str]:
        """Return the settings that somebody else gave the endpoint and that our configuration does not have.

        A configuration that carries our tags holds nothing foreign: what it has and ours lacks was taken out of
        release.yaml. Data capture is no loss, because SageMaker carries it over.
        """
        if not self._foreign:
            return []
        managed = set(step.settings.get("ManagedSettings", ()))
        return sorted(set(self._names()) - managed - {CAPTURE})

    def captures_for_others(self, step: Step) -> bool:
        """Tell whether data is captured that release.yaml does not ask for and that we did not switch on."""
        live = self._endpoint.get(CAPTURE) or {}
        ours = CAPTURE in self._config and not self._foreign
        asked = CAPTURE in step.settings.get("ManagedSettings", ())
        return bool(live.get("EnableCapture")) and not ours and not asked

    def retention(self, step: Step) -> dict[str, JSON]:
        """Return the parameters that make UpdateEndpoint carry over what we do not set.

        Without them an update resets scaled-out instances to InitialInstanceCount
        (terraform-provider-aws issue 48990) and drops data capture (mlflow issue 7255).
        """
        kept = set() if "DesiredInstanceCounts" in step.spec else {"DesiredInstanceCount"}
        if self.captures_for_others(step) and not step.settings.get("DropForeignSettings"):
            kept.add(CAPTURE)
        if not kept:
            return {"RetainAllVariantProperties": False}
        excluded = [{"VariantPropertyType": name} for name in RETAINABLE if name not in kept]
        return {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        """The live configuration; empty when somebody deleted it under the endpoint."""
        name = self._endpoint["EndpointConfigName"]
        client = self._driver.client
        return self._driver.described(lambda: client.describe_endpoint_config(EndpointConfigName=name)) or {}

    @cached_property
    def _foreign(self) -> bool:
        return bool(self._config) and not self._driver.owns(self._driver.tags_of(self._config["EndpointConfigArn"]))

    def _names(self) -> Iterator[str]:
        for key, value in self._config.items():
            if key not in DESCRIBED and value not in (None, [], {}, False):
                yield key
        for variant in self._config.get("ProductionVariants", []):
            yield from (key for key, value in variant.items() if key not in PLACE and value not in (None, [], {}))


def variants_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return variant → instance type of a described configuration, without serverless variants."""
    variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
    return {variant["VariantName"]: variant["InstanceType"] for variant in variants if "InstanceType" in variant}
