"""AWS::ApiGateway::Stage: the address that callers use, and what it serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_gateway.api_gateway_driver import NOT_FOUND, TaggedDriver
from mldeploy_gateway.deployments import DeploymentDriver

ALL_METHODS = "*/*"


class StageDriver(TaggedDriver):
    """Spec: RestApiId, DeploymentId, AccessLogSetting or null, MethodSettings (one, for all methods).

    AccessLogSetting has DestinationArn (empty: no logs) and Format.

    Outputs: RestApiId, StageArn, Url (of POST /predict), PredictArn (what a permission names as the source of such
    requests), and for a gateway in front Host, Port, Encrypted, BasePath (what stands before /predict).
    """

    parents = ("RestApiId",)

    def find(self, step: Step) -> Observed | None:
        """Return the stage; the API it belongs to is ours, so it is."""
        key = {"restApiId": step.spec["RestApiId"], "stageName": step.name}
        stage = found_or_none(lambda: self.client.get_stage(**key), NOT_FOUND)
        if stage is None:
            return None
        live = stage.get("methodSettings", {}).get(ALL_METHODS, {})
        settings = {
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "ThrottlingRateLimit": live.get("throttlingRateLimit"),
            "ThrottlingBurstLimit": live.get("throttlingBurstLimit"),
        }
        spec = {
            "RestApiId": step.spec["RestApiId"],
            "DeploymentId": stage["deploymentId"],
            "AccessLogSetting": _access_log(stage, step.spec.get("AccessLogSetting")),
            "MethodSettings": [settings],
        }
        return Observed(outputs=self._outputs(step), spec=spec, drift=self.tag_drift(stage.get("tags", {})))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the stage, then set its logs and throttles."""
        self.client.create_stage(
            restApiId=step.spec["RestApiId"],
            stageName=step.name,
            deploymentId=step.spec["DeploymentId"],
            tags=self.tags(),
        )
        return self._patch(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Move the stage to the deployment and set its logs and throttles."""
        return self._patch(step, observed)

    def path(self, step: Step, observed: Observed) -> str:  # noqa: ARG002 - the name is enough
        """Return where it is."""
        return f"/restapis/{step.spec['RestApiId']}/stages/{step.name}"

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the stage."""
        self.client.delete_stage(restApiId=step.spec["RestApiId"], stageName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the stage of the release; it goes before the deployments, which cannot go while it serves one."""
        deployments = list(DeploymentDriver(self.context).candidates())
        if deployments:
            place = {
                "RestApiId": deployments[0].spec["RestApiId"],
                "DeploymentId": [d.ref("DeploymentId") for d in deployments],
            }
            yield Step(kind="AWS::ApiGateway::Stage", name=self.context.env, phase=Phase.EXPOSE, spec=place)

    def _patch(self, step: Step, observed: Observed | None = None) -> Mapping[str, JSON]:
        settings, log = step.spec["MethodSettings"][0], step.spec["AccessLogSetting"]
        values = {
            "/deploymentId": step.spec["DeploymentId"],
            f"/{ALL_METHODS}/throttling/rateLimit": settings["ThrottlingRateLimit"],
            f"/{ALL_METHODS}/throttling/burstLimit": settings["ThrottlingBurstLimit"],
        }
        if log and log["DestinationArn"]:
            values["/accessLogSettings/destinationArn"] = log["DestinationArn"]
            values["/accessLogSettings/format"] = log["Format"]
        operations = [{"op": "replace", "path": path, "value": str(value)} for path, value in values.items()]
        if not (log and log["DestinationArn"]) and observed is not None and observed.spec.get("AccessLogSetting"):
            operations.append({"op": "remove", "path": "/accessLogSettings"})
        self.client.update_stage(restApiId=step.spec["RestApiId"], stageName=step.name, patchOperations=operations)
        return self._outputs(step)

    def _outputs(self, step: Step) -> Mapping[str, JSON]:
        api_id = step.spec["RestApiId"]
        source = f"arn:aws:execute-api:{self.aws.region}:{self.aws.account_id}:{api_id}/{step.name}"
        base = self.aws.addresses.rest_api(api_id, step.name)
        address = urlsplit(base)
        encrypted = address.scheme == "https"
        return {
            "RestApiId": api_id,
            "StageArn": f"arn:aws:apigateway:{self.aws.region}::/restapis/{api_id}/stages/{step.name}",
            "Url": f"{base}/predict",
            "PredictArn": f"{source}/POST/predict",
            "Host": address.hostname,
            "Port": address.port or (443 if encrypted else 80),
            "Encrypted": encrypted,
            "BasePath": address.path,
        }


def _access_log(stage: Mapping[str, Any], wanted: JSON) -> JSON:
    """Return the live setting; no logs are as wanted where none are possible."""
    found = stage.get("accessLogSettings") or {}
    if not found.get("destinationArn"):
        return wanted if wanted and wanted["DestinationArn"] == "" else None
    return {"DestinationArn": found["destinationArn"], "Format": found.get("format")}
