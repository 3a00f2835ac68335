"""AWS::Lambda::Function with the code of the cache."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import DeployError, Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.bundle import code_sha256, function_zip
from mldeploy_cache.names import cache_name, redis_name
from mldeploy_cache.reasons import fix_for_reason

GENERATION = "GENERATION"
"""A variable of our own, new with each write of the configuration: see mldeploy_cache.function.settings."""
SETTLE_SECONDS = 300
NOT_CONFIGURATION = frozenset({"CodeSha256"})
NO_NETWORK: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
"""What takes a function out of its VPC, and what a function outside of any has."""


class FunctionDriver(AwsDriver):
    """Spec: CodeSha256 and the parameters of UpdateFunctionConfiguration.

    Outputs: FunctionName, FunctionArn, Generation (new with each write of the configuration).
    """

    service = "lambda"

    def find(self, step: Step) -> Observed | None:
        """Return the function with the managed part of its configuration."""
        answer = found_or_none(lambda: self.client.get_function(FunctionName=step.name), "ResourceNotFoundException")
        if answer is None:
            return None
        configuration = answer["Configuration"]
        variables = dict(configuration.get("Environment", {}).get("Variables", {}))
        variables.pop(GENERATION, None)
        live = {
            **configuration,
            "Environment": {"Variables": variables},
            "VpcConfig": _network(configuration, step.spec.get("VpcConfig", {})),
        }
        return Observed(
            outputs=_outputs(configuration),
            spec={key: live[key] for key in step.spec if key in live},
            owned=self.owns(answer.get("Tags", {})),
            drift=self.tag_drift(answer.get("Tags", {})),
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the function."""
        answer = self.client.create_function(
            FunctionName=step.name, Code={"ZipFile": function_zip()}, Tags=self.tags(), **_configuration(step)
        )
        self._settle(step)
        return _outputs(answer)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Replace code, then configuration: Lambda takes one change at a time."""
        self._settle(step)
        if step.spec["CodeSha256"] != observed.spec["CodeSha256"]:
            self._say_if_code_differs(step)
            self.client.update_function_code(FunctionName=step.name, ZipFile=function_zip())
            self._settle(step)
        if any(observed.spec.get(key) != step.spec[key] for key in step.spec.keys() - NOT_CONFIGURATION):
            answer = self.client.update_function_configuration(FunctionName=step.name, **_configuration(step))
            self._settle(step)
            return _outputs(answer)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is enough
        """Put our tags."""
        self.client.tag_resource(Resource=observed.outputs["FunctionArn"], Tags=self.tags())

    def remove(self, step: Step, observed: Observed) -> None:
        """Take the function out of its VPC, so that its network interfaces can go, then delete it."""
        if observed.spec.get("VpcConfig", {}).get("SubnetIds"):
            self._settle(step)
            self.client.update_function_configuration(FunctionName=step.name, VpcConfig=NO_NETWORK)
            self._settle(step)
        self.client.delete_function(FunctionName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the function of the release's name; versions, aliases and permissions go with it."""
        name = cache_name(self.stem)
        groups = [Ref(f"AWS::EC2::SecurityGroup/{name}", "GroupId")]
        redis = Ref(f"AWS::ElastiCache::ReplicationGroup/{redis_name(self.stem)}", "Address")
        used = {"VpcConfig": {"SecurityGroupIds": groups}, "Environment": {"Variables": {"REDIS_HOST": redis}}}
        yield self.perhaps("AWS::Lambda::Function", name, Phase.PROVISION, used)

    def _settle(self, step: Step) -> None:
        """Wait until the last change is in force."""

        def settled() -> bool | None:
            found = self.client.get_function_configuration(FunctionName=step.name)
            if "Failed" in {found.get("State"), found.get("LastUpdateStatus")}:
                part = "State" if found.get("State") == "Failed" else "LastUpdateStatus"
                code, reason = found.get(f"{part}ReasonCode", ""), found.get(f"{part}Reason") or "no reason given"
                message = f"Lambda could not bring {step.name} into force: {reason}" + (f" ({code})" if code else "")
                raise DeployError(message, hint=fix_for_reason(code))
            pending = found.get("State") == "Pending" or found.get("LastUpdateStatus") == "InProgress"
            return None if pending else True

        self.context.wait(settled, seconds=SETTLE_SECONDS, what=f"the function {step.name}")

    def _say_if_code_differs(self, step: Step) -> None:
        if step.spec["CodeSha256"] != code_sha256(function_zip()):
            text = "the recorded code came with another version of mldeploy; this version's code is used"
            self.context.progress(step.id, text)


def _configuration(step: Step) -> dict[str, Any]:
    configuration = {key: value for key, value in step.spec.items() if key not in NOT_CONFIGURATION}
    variables = {**configuration["Environment"]["Variables"], GENERATION: f"{time.time_ns() // 1_000_000:x}"}
    return {**configuration, "Environment": {"Variables": variables}}


def _network(configuration: Mapping[str, Any], wanted: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the live VPC configuration; AWS keeps no order, so equal sets are the wanted ones."""
    live = {key: list(configuration.get("VpcConfig", {}).get(key, [])) for key in NO_NETWORK}
    return {
        key: wanted[key] if isinstance(wanted.get(key), list) and _same(wanted[key], ids) else ids
        for key, ids in live.items()
    }


def _same(wanted: list[JSON], live: list[str]) -> bool:
    return all(isinstance(item, str) for item in wanted) and sorted(wanted) == sorted(live)


def _outputs(configuration: Mapping[str, Any]) -> Mapping[str, JSON]:
    variables = configuration.get("Environment", {}).get("Variables", {})
    named = {key: configuration[key] for key in ("FunctionName", "FunctionArn")}
    return {**named, "Generation": variables.get(GENERATION, "")}
