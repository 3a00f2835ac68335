"""CreateModel and CreateEndpointConfig with AWS's rules; the rest of them is moto's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.sagemaker.configuration_rules import check_configuration
from mldeploy_sandbox.sagemaker.records import EndpointConfigRecord, ModelRecord
from mldeploy_sandbox.sagemaker.rules import check_found, check_model, check_new
from mldeploy_sandbox.world import World


def create_model(world: World, call: Call) -> Mapping[str, Any]:
    """Answer CreateModel."""
    name = call.params["ModelName"]
    with world.moto.lock:
        models = world.backend("sagemaker", call.region)._models  # noqa: SLF001 - moto gives no other way
        check_new(call, models.get(name), "model", "model", name)
        check_model(world, call)
        record = models[name] = ModelRecord(call)
    return {"ModelArn": record.arn}


def create_endpoint_config(world: World, call: Call) -> Mapping[str, Any]:
    """Answer CreateEndpointConfig."""
    name, variants = call.params["EndpointConfigName"], call.params["ProductionVariants"]
    with world.moto.lock:
        store = world.backend("sagemaker", call.region)
        check_new(call, store.endpoint_configs.get(name), "endpoint-config", "endpoint configuration", name)
        check_configuration(call.params)
        for variant in (*variants, *call.params.get("ShadowProductionVariants", [])):
            model = variant["ModelName"]
            check_found(call, store._models.get(model), "model", "model", model)  # noqa: SLF001 - no other way
        record = store.endpoint_configs[name] = EndpointConfigRecord(call)
    return {"EndpointConfigArn": record.endpoint_config_arn}
