"""What happens after an endpoint operation was accepted: fleets start, take over and end, in threads of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mldeploy_sandbox.alarm_states import tripped
from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.sagemaker.fleet import Fleet, StartError
from mldeploy_sandbox.sagemaker.live import Live
from mldeploy_sandbox.sagemaker.rules import arn
from mldeploy_sandbox.sagemaker.traffic import Shift
from mldeploy_sandbox.sagemaker.variants import capture_summary, pending_summary, summaries
from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
NO_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


class Transitions:
    """Carries endpoints from one state to the next."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = threading.Event()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._stopping.set()

    def run(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do work in a thread."""
        threading.Thread(target=work, args=arguments, name=work.__name__, daemon=True).start()

    def create(self, call: Call, live: Live, config: Mapping[str, Any]) -> None:
        """Start the first fleet: Creating → InService or Failed."""
        fleet = Fleet(self._world, call.params["EndpointName"], call.region)
        try:
            self._start(call, fleet, config)
        except StartError as error:
            fleet.stop()
            live.record.move("Failed", str(error))
        else:
            self._take_time("endpoint-create")
            self._serve(call, live, fleet, config)

    def update(self, call: Call, live: Live, config: Mapping[str, Any], shift: Shift) -> None:
        """Start a fleet beside the old one and move the requests over: Updating → InService, on either."""
        name = call.params["EndpointName"]
        fleet, old = Fleet(self._world, name, call.region), live.fleet
        try:
            self._start(call, fleet, config)
            self._take_time("endpoint-update")
            self._shift(call, live, fleet, shift, config["ProductionVariants"])
        except StartError as error:
            self._roll_back(live, fleet, str(error))
            return
        if self._world.faults.broken("silent-rollback", name):
            self._roll_back(live, fleet, "")
            return
        live.record.endpoint_config_name = call.params["EndpointConfigName"]
        self._serve(call, live, fleet, config)
        self._world.clock.wait(shift.seconds_until_end, self._stopping)
        if old is not None:
            old.retire()

    def set_desired(self, live: Live, variants: list[dict[str, Any]]) -> None:
        """Take over weights and counts: Updating → InService."""
        self._take_time("endpoint-scale")
        with self._world.moto.lock:
            live.record.production_variants = variants
            live.record.move("InService")

    def delete(self, live: Live, forget: Callable[[], None]) -> None:
        """End the fleet, then forget the endpoint."""
        self._take_time("endpoint-delete")
        if live.fleet is not None:
            live.fleet.retire()
        forget()

    def _start(self, call: Call, fleet: Fleet, config: Mapping[str, Any]) -> None:
        """Start the containers of a configuration.

        Raises:
            StartError: the message is the FailureReason.
        """
        if self._world.faults.broken("capacity", call.params["EndpointName"]):
            raise StartError(NO_CAPACITY)
        shadows = config.get("ShadowProductionVariants", [])
        try:
            fleet.start(config["ProductionVariants"], shadows, self._models(call, config))
        except StartError:
            raise
        except Exception as error:
            log.exception("endpoint %s cannot start", call.params["EndpointName"])
            message = f"The sandbox failed to start the endpoint: {error}"
            raise StartError(message) from error

    def _models(self, call: Call, config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
        with self._world.moto.lock:
            models = self._world.backend("sagemaker", call.region)._models  # noqa: SLF001 - moto gives no other way
            for name in {variant["ModelName"] for variant in variants}:
                if name not in models:
                    message = f'Could not find model "{arn(call, "model", name)}".'
                    raise StartError(message)
                found[name] = models[name].response_object
        return found

    def _shift(self, call: Call, live: Live, fleet: Fleet, shift: Shift, variants: Sequence[Mapping[str, Any]]) -> None:
        """Move requests over in steps, and watch the alarms after each.

        Raises:
            StartError: an alarm tripped.
        """
        for share in shift.shares:
            live.shift(fleet, share)
            live.record.pending = pending_summary(call.params["EndpointConfigName"], variants, share)
            self._bake(call, shift)
        live.record.pending = {}

    def _bake(self, call: Call, shift: Shift) -> None:
        clock = self._world.clock
        deadline = clock.monotonic() + shift.wait_seconds
        while True:
            found = tripped(self._world, call.region, shift.alarms)
            if found:
                message = f"Auto rollback: the alarms {', '.join(found)} tripped during the deployment."
                raise StartError(message)
            left = deadline - clock.monotonic()
            if left <= 0 or clock.wait(min(left, LOOK_SECONDS * clock.speed), self._stopping):
                return

    def _roll_back(self, live: Live, fleet: Fleet, reason: str) -> None:
        """Give all requests back to the old fleet, and end the new one when nobody waits for it any more."""
        live.shift(None, 0.0)
        live.record.pending = {}
        live.record.move("RollingBack", reason)
        fleet.retire()
        failed = self._world.faults.broken("rollback-fail", live.record.endpoint_name)
        live.record.move("UpdateRollbackFailed" if failed else "InService", reason)

    def _serve(self, call: Call, live: Live, fleet: Fleet, config: Mapping[str, Any]) -> None:
        """Let a healthy fleet answer from now on."""
        with self._world.moto.lock, live.switching:
            live.fleet, live.successor, live.share = fleet, None, 0.0
            record = live.record
            record.production_variants = summaries(config["ProductionVariants"], fleet.images, None)
            record.extras = {
                name: config[name] for name in ("AsyncInferenceConfig", "ExplainerConfig") if config.get(name)
            }
            if config.get("ShadowProductionVariants"):
                shadows = summaries(config["ShadowProductionVariants"], fleet.images, None)
                record.extras["ShadowProductionVariants"] = shadows
            capture = config.get("DataCaptureConfig")
            if capture:
                record.extras["DataCaptureConfig"] = capture_summary(capture)
                record.capture_options = [option["CaptureMode"] for option in capture["CaptureOptions"]]
            if call.params.get("DeploymentConfig"):
                record.extras["LastDeploymentConfig"] = call.params["DeploymentConfig"]
            record.move("InService")

    def _take_time(self, what: str) -> None:
        self._world.clock.wait(self._world.seconds(what), self._stopping)
