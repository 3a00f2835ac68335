"""AWS::SageMaker::Endpoint: the only thing here that changes in place, and the one that can fail slowly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from mldeploy import DeployError, Observed, Phase, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_aws.alarm_specs import alarms_on
from mldeploy_aws.log_source import CloudWatchLogs
from mldeploy_aws.operations import SIGHT_SECONDS
from mldeploy_sagemaker.endpoint_watch import FAILED, IN_SERVICE, ROLLBACK_FAILED, EndpointWatch
from mldeploy_sagemaker.live_settings import LiveSettings, variants_of
from mldeploy_sagemaker.lookup import SageMakerDriver
from mldeploy_sagemaker.scaling_pause import ScalingPause

LOG_LINES = 20
DELETE_SECONDS = 900
BUSY = "in-progress"
"""What UpdateEndpoint's refusal says while another change runs."""


class EndpointDriver(SageMakerDriver):
    """Spec: EndpointConfigName and what has to be live with it; outputs: EndpointName, EndpointArn, EndpointConfigName.

    Success means that our configuration is live with our images, models, weights and counts: a failed update ends
    InService too, on the old configuration (terraform-provider-aws issue 39099).

    - Spec: DeployedImages (variant → digest), Models, DesiredWeights, DesiredInstanceCounts (variant → number),
      ForeignSettings (settings of the live configuration that an update would drop), RollbackAlarms (names),
      QuotaSufficient (True; see `instance_quotas`), Rehearsed (see the plugin `rehearsal`).
    - Settings: WaitSeconds, LogGroupName, DeploymentConfig, ReplaceFailed, DropForeignSettings.
    """

    arn_key = "EndpointArn"

    def find(self, step: Step) -> Observed | None:
        """Return the endpoint; while it is not in service its spec is unknown, so that `apply` looks after it."""
        found = self._describe(step)
        if found is None:
            return None
        stable, tags = found["EndpointStatus"] == IN_SERVICE, self.tags_of(found["EndpointArn"])
        return Observed(
            outputs=_outputs(found),
            spec=self._live_spec(step, found) if stable else {},
            owned=self.owns(tags),
            drift=self.tag_drift(tags),
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the endpoint and wait until it serves."""
        watch = self._watch(step)
        name = step.spec["EndpointConfigName"]
        self.client.create_endpoint(EndpointName=step.name, EndpointConfigName=name, Tags=self.tag_list())
        return self._confirmed(step, watch)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Move the endpoint to our configuration; a change that is under way is waited for first."""
        watch = self._watch(step)
        found = watch.settled()
        if found["EndpointStatus"] == FAILED:
            return self._replaced(step, observed, found)
        if found["EndpointConfigName"] != step.spec["EndpointConfigName"] or found["EndpointStatus"] == ROLLBACK_FAILED:
            self._move(step, found, watch)
        elif _desired(found, step) != {key: step.spec[key] for key in DESIRED if key in step.spec}:
            self._set_desired(step)
        return self._confirmed(step, watch)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the endpoint, as soon as its status allows, and wait until it is gone."""
        if self._describe(step) is None:
            return
        self._watch(step).settled()
        self.client.delete_endpoint(EndpointName=step.name)
        self.context.wait(
            lambda: self._describe(step) is None or None, seconds=DELETE_SECONDS, what=f"{step.name} to be deleted"
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the endpoint that has the name of the release."""
        name = f"{self.context.name}-{self.context.env}"
        yield Step(kind="AWS::SageMaker::Endpoint", name=name, phase=Phase.PROVISION)

    def _describe(self, step: Step) -> Mapping[str, Any] | None:
        return self.described(lambda: self.client.describe_endpoint(EndpointName=step.name))

    def _watch(self, step: Step) -> EndpointWatch:
        return EndpointWatch(self.context, step, lambda: self._describe(step))

    def _live_spec(self, step: Step, found: Mapping[str, Any]) -> dict[str, JSON]:
        """Return the live values of the properties in a step's spec."""
        settings = LiveSettings(self, found)
        live: dict[str, JSON] = {"EndpointConfigName": found["EndpointConfigName"], **_desired(found, step)}
        if "DeployedImages" in step.spec:
            live["DeployedImages"] = _digests(found)
        if "Models" in step.spec:
            live["Models"] = settings.models()
        if "ForeignSettings" in step.spec:
            wanted = step.spec["EndpointConfigName"]
            live["ForeignSettings"] = [] if found["EndpointConfigName"] == wanted else settings.would_be_lost(step)
        return {**live, **{key: step.spec[key] for key in FOR_UPDATES if key in step.spec}}

    def _replaced(self, step: Step, observed: Observed, found: Mapping[str, Any]) -> Mapping[str, JSON]:
        """Make an endpoint anew that never came up: deleting is all that it allows (API reference, DescribeEndpoint).

        Raises:
            RefusedError: `deployment.replaceFailed` does not allow that here.
        """
        if not step.settings.get("ReplaceFailed", True):
            message = f"endpoint {step.name} has failed and can only be deleted: {_reason(found)}"
            hint = "set deployment.replaceFailed: true for this environment to delete it and make it again"
            raise RefusedError(message, hint=f"{hint}; it serves nobody now")
        self.context.progress(step.id, f"it had failed ({_reason(found)}); deleting it and making it again")
        with ScalingPause(self.aws.client("application-autoscaling"), step.name, _names(found)):
            self.remove(step, observed)
            return self.create(step)

    def _move(self, step: Step, found: Mapping[str, Any], watch: EndpointWatch) -> None:
        """Call UpdateEndpoint and wait for its end; scaling is taken away meanwhile where SageMaker insists on it."""
        settings = LiveSettings(self, found)
        lost = settings.would_be_lost(step)
        if lost and not step.settings.get("DropForeignSettings"):
            message = (
                f"{found['EndpointConfigName']}, which is live, has settings that an update drops: {', '.join(lost)}"
            )
            hint = "somebody else made them; write them into release.yaml, or set deployment.dropForeignSettings: true"
            raise RefusedError(message, hint=hint)
        if settings.captures_for_others(step):
            self.context.progress(step.id, "keeping DataCaptureConfig, which somebody else switched on")
        wanted = variants_of(self._new_config(step.spec["EndpointConfigName"]))
        changed = [name for name, kind in settings.instance_types().items() if wanted.get(name) != kind]
        with ScalingPause(self.aws.client("application-autoscaling"), step.name, changed, keep=wanted):
            self.context.wait(
                lambda: self._updating(step, settings, watch), seconds=watch.seconds, what=f"{step.name} to be free"
            )
            watch.settled()

    def _new_config(self, name: str) -> Mapping[str, Any]:
        """Return an endpoint configuration that exists, although SageMaker may not find it in its first seconds."""
        found: Mapping[str, Any] = self.context.wait(
            lambda: self.described(lambda: self.client.describe_endpoint_config(EndpointConfigName=name)),
            seconds=SIGHT_SECONDS,
            what=f"{name} to be found",
        )
        return found

    def _updating(self, step: Step, settings: LiveSettings, watch: EndpointWatch) -> bool | None:
        """Ask for the update once; None while another change runs, which is waited for."""
        rollout = {"DeploymentConfig": deployment} if (deployment := self._deployment_config(step)) else {}
        try:
            self.client.update_endpoint(
                EndpointName=step.name,
                EndpointConfigName=step.spec["EndpointConfigName"],
                **settings.retention(step),
                **rollout,
            )
        except ClientError as error:
            if BUSY not in str(error):
                raise
            watch.settled()
            return None
        return True

    def _deployment_config(self, step: Step) -> dict[str, JSON]:
        """Return how requests move over; all at once while an alarm is on already.

        Such an alarm would take every update back at once, also the one that brings the last good release back.
        """
        wanted, alarms = step.settings.get("DeploymentConfig") or {}, step.spec.get("RollbackAlarms", [])
        if not wanted or not alarms:
            return dict(wanted)
        names = ", ".join(alarms_on(self.aws.client("cloudwatch"), alarms))
        if names:
            self.context.progress(step.id, f"{names} is on already and cannot judge this update: moving all at once")
            return {}
        return {**wanted, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}

    def _set_desired(self, step: Step) -> None:
        """Put weights and instance counts back that somebody changed on the live endpoint."""
        weights, counts = step.spec.get("DesiredWeights", {}), step.spec.get("DesiredInstanceCounts", {})
        self.client.update_endpoint_weights_and_capacities(
            EndpointName=step.name,
            DesiredWeightsAndCapacities=[
                {
                    "VariantName": name,
                    **({"DesiredWeight": weights[name]} if name in weights else {}),
                    **({"DesiredInstanceCount": counts[name]} if name in counts else {}),
                }
                for name in dict.fromkeys([*weights, *counts])
            ],
        )

    def _confirmed(self, step: Step, watch: EndpointWatch) -> Mapping[str, JSON]:
        """Return the outputs once everything in the spec is live.

        Raises:
            DeployError: it is not; the message says what is, why, and what the containers printed last.
        """
        found = watch.settled()
        if found["EndpointStatus"] != IN_SERVICE or found["EndpointConfigName"] != step.spec["EndpointConfigName"]:
            raise self._failure(step, found, watch.started)
        live = self._live_spec(step, found)
        wrong = [f"{key} is {live.get(key)}, not {value}" for key, value in step.spec.items() if live.get(key) != value]
        if wrong:
            message = f"{step.name} is in service, and not with what was deployed: {'; '.join(wrong)}"
            raise DeployError(message, hint="somebody else changes this endpoint; run again to put it right")
        return _outputs(found)

    def _failure(self, step: Step, found: Mapping[str, Any], started: float) -> DeployError:
        wanted, live = step.spec["EndpointConfigName"], found["EndpointConfigName"]
        message = f"{wanted} did not come up: {_reason(found)}"
        if found["EndpointStatus"] == IN_SERVICE:
            message += f" The endpoint went back to {live}, which is serving."
        elif found["EndpointStatus"] == ROLLBACK_FAILED:
            message += f" Going back failed too: the endpoint serves a mix of {live} and {wanted}."
        group = step.settings.get("LogGroupName", "")
        lines = CloudWatchLogs(self.context).tail(group, LOG_LINES, since=started)
        env = self.context.env
        hint = f"the last lines of {group} are above; `mldeploy diagnose --env {env}` names the cause"
        if found["EndpointStatus"] == ROLLBACK_FAILED:
            hint += ", and the next run rolls forward"
        return DeployError(message, hint=hint, details=tuple(lines))


FOR_UPDATES = ("QuotaSufficient", "Rehearsed", "RollbackAlarms")
"""What only a change of the endpoint needs: a difference is no drift."""
DESIRED = ("DesiredWeights", "DesiredInstanceCounts")


def _desired(found: Mapping[str, Any], step: Step) -> dict[str, JSON]:
    """Return what the endpoint aims at now, of the properties that a step sets."""
    live: dict[str, dict[str, JSON]] = {key: {} for key in DESIRED if key in step.spec}
    for variant in found.get("ProductionVariants", []):
        for key, wanted in live.items():
            value = variant.get(key.removesuffix("s"))
            if value is not None:  # weights are single precision in SageMaker
                wanted[variant["VariantName"]] = round(value, 4) if isinstance(value, float) else value
    return dict(live)


def _digests(found: Mapping[str, Any]) -> dict[str, str]:
    """Return variant → digest of the image that SageMaker resolved and runs."""
    variants = [*found.get("ProductionVariants", []), *found.get("ShadowProductionVariants", [])]
    return {
        variant["VariantName"]: image["ResolvedImage"].rpartition("@")[2]
        for variant in variants
        for image in variant.get("DeployedImages", [])[:1]
    }


def _names(found: Mapping[str, Any]) -> list[str]:
    return [variant["VariantName"] for variant in found.get("ProductionVariants", [])]


def _reason(found: Mapping[str, Any]) -> str:
    return str(found.get("FailureReason") or "SageMaker gives no reason")


def _outputs(found: Mapping[str, Any]) -> Mapping[str, JSON]:
    return {key: found[key] for key in ("EndpointName", "EndpointArn", "EndpointConfigName")}
