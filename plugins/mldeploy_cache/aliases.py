"""AWS::Lambda::Alias: the name that the gateway calls, and the versions behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.alias_shift import AliasShift

GONE = "ResourceNotFoundException"


class AliasDriver(AwsDriver):
    """Spec: FunctionName, Name, FunctionVersion, RoutingConfig, RollbackAlarms (names; only a takeover looks at them).

    Outputs: FunctionName (with the alias), BareFunctionName (without), FunctionArn. Settings: those of `AliasShift`;
    without them another version takes over all at once.
    """

    service = "lambda"
    parents = ("FunctionName",)

    def find(self, step: Step) -> Observed | None:
        """Return the alias; the function it belongs to is ours, so it is."""
        key = {"FunctionName": step.spec["FunctionName"], "Name": step.spec["Name"]}
        alias = found_or_none(lambda: self.client.get_alias(**key), GONE)
        if alias is None:
            return None
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
        spec = {**key, "FunctionVersion": alias["FunctionVersion"], "RoutingConfig": _routing(weights)}
        if "RollbackAlarms" in step.spec:
            spec["RollbackAlarms"] = step.spec["RollbackAlarms"]
        return Observed(outputs=_outputs(step, alias), spec=spec)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the alias."""
        return _outputs(step, self.client.create_alias(**_parameters(step)))

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Point the alias to the version, in steps where that is asked for, and send all requests there in the end."""
        old, new = str(observed.spec["FunctionVersion"]), str(step.spec["FunctionVersion"])
        if step.settings and old != new:
            cloudwatch = self.aws.client("cloudwatch")
            AliasShift(
                context=self.context, step=step, lambda_=self.client, cloudwatch=cloudwatch, old=old, new=new
            ).run()
        return _outputs(step, self.client.update_alias(**_parameters(step)))

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the alias."""
        key = {"FunctionName": step.spec["FunctionName"], "Name": step.spec["Name"]}
        self.client.delete_alias(**key)


def versions_of(alias: Mapping[str, Any]) -> set[str]:
    """Return the versions that an alias sends requests to, as ListAliases describes it."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
    return {str(alias["FunctionVersion"]), *weights}


def _parameters(step: Step) -> dict[str, JSON]:
    return {key: value for key, value in step.spec.items() if key != "RollbackAlarms"}


def _routing(weights: Mapping[str, float]) -> Mapping[str, JSON]:
    return {"AdditionalVersionWeights": dict(weights)}


def _outputs(step: Step, alias: Mapping[str, Any]) -> Mapping[str, JSON]:
    name = step.spec["FunctionName"]
    return {"FunctionName": f"{name}:{alias['Name']}", "BareFunctionName": name, "FunctionArn": alias["AliasArn"]}
