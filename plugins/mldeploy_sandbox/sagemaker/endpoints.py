"""Endpoints: the operations that change them, and what each refuses. What follows is in `transitions`.

States: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html (EndpointStatus).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.sagemaker.live import Live
from mldeploy_sandbox.sagemaker.records import DELETABLE, UPDATABLE, EndpointRecord
from mldeploy_sandbox.sagemaker.rules import STATE, check_found, check_new, refused
from mldeploy_sandbox.sagemaker.scaling import check_scaled_variants, deregister
from mldeploy_sandbox.sagemaker.traffic import check_deployment, shift_of
from mldeploy_sandbox.sagemaker.transitions import Transitions
from mldeploy_sandbox.sagemaker.variants import retained, retained_capture, summaries, with_desired
from mldeploy_sandbox.world import World

NAMESPACE = "AWS/SageMaker"


class Endpoints:
    """Answers SageMaker's endpoint operations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._transitions = Transitions(world)
        self._live: dict[tuple[str, str], Live] = {}
        self._lock = threading.RLock()
        world.measured[NAMESPACE] = self.measure

    def find(self, region: str, name: str) -> Live | None:
        """Return an endpoint, whatever its state."""
        with self._lock:
            return self._live.get((region, name))

    def create(self, call: Call) -> Mapping[str, Any]:
        """Answer CreateEndpoint."""
        name = call.params["EndpointName"]
        with self._lock, self._world.moto.lock:
            store = self._world.backend("sagemaker", call.region)
            check_new(call, store.endpoints.get(name), "endpoint", "endpoint", name)
            config = self._config(call)
            record = EndpointRecord(call, summaries(config["ProductionVariants"], {}, 0))
            live = self._live[call.region, name] = Live(record=record)
            store.endpoints[name] = record
        self._transitions.run(self._transitions.create, call, live, config)
        return {"EndpointArn": record.arn}

    def update(self, call: Call) -> Mapping[str, Any]:
        """Answer UpdateEndpoint: the new fleet starts beside the old one, which serves until the new one is healthy.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
        """
        with self._lock, self._world.moto.lock:
            live = self._found(call)
            self._check_state(live.record, UPDATABLE)
            config = self._config(call)
            check_scaled_variants(self._world, call, live.record, config["ProductionVariants"])
            wanted = _deployment(call, live.record)
            check_deployment(wanted, live.record.production_variants, config["ProductionVariants"])
            variants = retained(call.params, config["ProductionVariants"], live.record.production_variants)
            config |= retained_capture(call.params, live.record.extras, live.record.capture_options)
            live.record.move("Updating")
        shift = shift_of(wanted, variants)
        self._transitions.run(self._transitions.update, call, live, config | {"ProductionVariants": variants}, shift)
        return {"EndpointArn": live.record.arn}

    def update_weights(self, call: Call) -> Mapping[str, Any]:
        """Answer UpdateEndpointWeightsAndCapacities; the sandbox runs one process per variant whatever the count."""
        with self._lock, self._world.moto.lock:
            live = self._found(call)
            self._check_state(live.record, UPDATABLE)
            variants = with_desired(live.record.production_variants, call.params["DesiredWeightsAndCapacities"])
            live.record.move("Updating")
        self._transitions.run(self._transitions.set_desired, live, variants)
        return {"EndpointArn": live.record.arn}

    def delete(self, call: Call) -> Mapping[str, Any]:
        """Answer DeleteEndpoint; scalable targets go too, without a word.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
        """
        with self._lock, self._world.moto.lock:
            live = self._found(call)
            self._check_state(live.record, DELETABLE)
            live.record.move("Deleting")
        self._transitions.run(self._transitions.delete, live, lambda: self._forget(call))
        return {}

    def measure(self, region: str, dimensions: Mapping[str, str], metric: str, since: float) -> list[float] | None:
        """Return the data points of an endpoint's metric; see `alarm_states.Measure`. Callers hold `moto.lock`."""
        live = self._live.get((region, dimensions.get("EndpointName", "")))
        try:
            return None if live is None else live.metrics.values(metric, dimensions.get("VariantName"), since)
        except KeyError:
            return None

    def close(self) -> None:
        """Stop every fleet."""
        self._transitions.close()
        with self._lock:
            fleets = [fleet for live in self._live.values() for fleet in (live.fleet, live.successor) if fleet]
            self._live.clear()
        for fleet in fleets:
            fleet.stop()

    def _found(self, call: Call) -> Live:
        name = call.params["EndpointName"]
        live = self._live.get((call.region, name))
        check_found(call, live, "endpoint", "endpoint", name)
        assert live is not None  # noqa: S101 - checked by the line above
        return live

    def _config(self, call: Call) -> dict[str, Any]:
        name = call.params["EndpointConfigName"]
        config = self._world.backend("sagemaker", call.region).endpoint_configs.get(name)
        check_found(call, config, "endpoint-config", "endpoint configuration", name)
        description: dict[str, Any] = config.response_object
        return description

    def _check_state(self, record: EndpointRecord, allowed: frozenset[str]) -> None:
        """Refuse a change while another one runs; a failed endpoint can only be deleted.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
        """
        if record.endpoint_status in allowed:
            return
        if record.endpoint_status == "Failed":
            message = f'Cannot update failed endpoint "{record.arn}". Delete it and create it again.'
        else:
            message = f'Cannot update in-progress endpoint "{record.arn}".'
        raise refused(message, STATE)

    def _forget(self, call: Call) -> None:
        name = call.params["EndpointName"]
        with self._lock, self._world.moto.lock:
            deregister(self._world, call.region, name)
            self._live.pop((call.region, name), None)
            self._world.backend("sagemaker", call.region).endpoints.pop(name, None)


def _deployment(call: Call, record: EndpointRecord) -> Mapping[str, Any] | None:
    """Return the DeploymentConfig of an update, or that of the last one if the caller wants to keep it."""
    if call.params.get("RetainDeploymentConfig"):
        last: Mapping[str, Any] | None = record.extras.get("LastDeploymentConfig")
        return last
    return call.params.get("DeploymentConfig")
