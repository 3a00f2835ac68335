"""API Gateway's control plane: import, deployments as snapshots, and the rules that moto does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigateway.document import read_document
from mldeploy_sandbox.apigateway.errors import bad_request, not_found
from mldeploy_sandbox.apigateway.importer import Importer
from mldeploy_sandbox.apigateway.integration_document import check_timeout
from mldeploy_sandbox.apigateway.plan_changes import change_limit
from mldeploy_sandbox.apigateway.resource_policy import saved_policy
from mldeploy_sandbox.plane import AwsError, Call, Operation

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.definition import ApiDefinition
    from mldeploy_sandbox.apigateway.snapshots import Snapshots
    from mldeploy_sandbox.apigateway.usage import Usage
    from mldeploy_sandbox.world import World

SERVICE = "apigateway"


class ControlPlane:
    """Handlers of operations; everything not here is moto's."""

    def __init__(self, world: World, snapshots: Snapshots, usage: Usage) -> None:
        self._world = world
        self._snapshots = snapshots
        self._usage = usage

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Handlers by operation."""
        handlers: Mapping[str, Operation] = {
            "ImportRestApi": self._import_api,
            "PutRestApi": self._put_api,
            "UpdateRestApi": self._update_api,
            "DeleteRestApi": self._delete_api,
            "PutIntegration": self._put_integration,
            "CreateDeployment": self._create_deployment,
            "GetDeployment": self._get_deployment,
            "DeleteDeployment": self._delete_deployment,
            "CreateStage": self._create_stage,
            "UpdateStage": self._update_stage,
            "CreateUsagePlanKey": self._create_plan_key,
            "DeleteUsagePlanKey": self._delete_plan_key,
            "UpdateUsagePlan": self._update_plan,
            "DeleteUsagePlan": self._delete_plan,
            "GetUsage": self._get_usage,
        }
        return {(SERVICE, name): handler for name, handler in handlers.items()}

    def _import_api(self, call: Call) -> Mapping[str, Any]:
        definition = _read(call)
        kinds = call.params.get("parameters", {}).get("endpointConfigurationTypes")
        settings = {"endpointConfiguration": {"types": kinds.split(",")}} if kinds else {}
        params = {"name": definition.name, **definition.api_settings, **settings}
        with self._world.moto.lock:
            made = self._world.moto.answer(_changed(call, "CreateRestApi", params))
            try:
                self._apply_settings(call, made["id"], definition)
                Importer(world=self._world, region=call.region, api_id=made["id"]).merge(definition)
            except AwsError:
                self._world.moto.answer(_changed(call, "DeleteRestApi", {"restApiId": made["id"]}))
                raise
            return self._described(call, made["id"], definition)

    def _put_api(self, call: Call) -> Mapping[str, Any]:
        definition = _read(call)
        with self._world.moto.lock:
            api = self._api(call)
            api.name = definition.name
            self._apply_settings(call, api.id, definition)
            importer = Importer(world=self._world, region=call.region, api_id=api.id)
            overwrite = call.params.get("mode", "merge") == "overwrite"
            (importer.overwrite if overwrite else importer.merge)(definition)
            return self._described(call, api.id, definition)

    def _update_api(self, call: Call) -> Mapping[str, Any]:
        """Change settings; an empty policy takes the policy away."""
        with self._world.moto.lock:
            arn, changes = _arn(call, self._api(call).id), []
            for change in call.params.get("patchOperations", []):
                value = change.get("value", "")
                is_policy = change.get("path") == "/policy" and value
                changes.append({**change, "value": saved_policy(value, arn)} if is_policy else change)
            return self._world.moto.answer(_changed(call, call.operation, {**call.params, "patchOperations": changes}))

    def _apply_settings(self, call: Call, api_id: str, definition: ApiDefinition) -> None:
        """Set what moto's CreateRestApi drops, and what an import changes in an API that exists."""
        api = self._world.backend(SERVICE, call.region).apis[api_id]
        settings = definition.api_settings
        api.description = settings.get("description", api.description)
        api.version = settings.get("version", api.version)
        api.binaryMediaTypes = list(settings.get("binaryMediaTypes", api.binaryMediaTypes))
        api.api_key_source = settings.get("apiKeySource", api.api_key_source)
        if "policy" in settings:
            api.policy = saved_policy(settings["policy"], _arn(call, api_id))

    def _described(self, call: Call, api_id: str, definition: ApiDefinition) -> Mapping[str, Any]:
        answer = self._world.moto.answer(_changed(call, "GetRestApi", {"restApiId": api_id}))
        return {**answer, "warnings": list(definition.warnings)} if definition.warnings else answer

    def _delete_api(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            api = self._api(call)
            self._world.moto.answer(call)
            for deployment_id in api.deployments:
                self._snapshots.forget(api.id, deployment_id)
        return {}

    def _put_integration(self, call: Call) -> Mapping[str, Any]:
        milliseconds = check_timeout(call.params.get("timeoutInMillis"))
        params = {**call.params, "timeoutInMillis": milliseconds}
        return self._world.moto.answer(_changed(call, call.operation, params))

    def _create_deployment(self, call: Call) -> Mapping[str, Any]:
        """Freeze the API; a stage that exists only moves to the new deployment, moto would make it anew."""
        with self._world.moto.lock:
            api = self._api(call)
            stage = api.stages.get(call.params.get("stageName"))
            params = dict(call.params)
            if stage is not None:
                del params["stageName"]
            answer = self._world.moto.answer(_changed(call, call.operation, params))
            if stage is not None:
                stage.deployment_id = answer["id"]
                stage.description = call.params.get("stageDescription", stage.description)
                stage.variables.update(call.params.get("variables", {}))
            self._snapshots.take(api, answer["id"])
        return answer

    def _get_deployment(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            self._deployment(call)
            return self._world.moto.answer(call)

    def _delete_deployment(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            api, deployment_id = self._deployment(call)
            if any(stage.deployment_id == deployment_id for stage in api.stages.values()):
                message = "Active stages pointing to this deployment must be moved or deleted"
                raise bad_request(message)
            del api.deployments[deployment_id]
            self._snapshots.forget(api.id, deployment_id)
        return {}

    def _create_stage(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            self._deployment(call)
            return self._world.moto.answer(call)

    def _update_stage(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            for change in call.params.get("patchOperations", []):
                self._check_stage_change(call, change)
            return self._world.moto.answer(call)

    def _check_stage_change(self, call: Call, change: Mapping[str, Any]) -> None:
        path, value = change.get("path", ""), change.get("value", "")
        if path == "/deploymentId":
            self._deployment(_changed(call, call.operation, {**call.params, "deploymentId": value}))
        wants_logs = path.startswith("/accessLogSettings/") or (path.endswith("/logging/loglevel") and value != "OFF")
        account = self._world.backend(SERVICE, call.region).account
        if wants_logs and change.get("op") != "remove" and not account.cloudwatch_role_arn:
            message = "CloudWatch Logs role ARN must be set in account settings to enable logging"
            raise bad_request(message)

    def _create_plan_key(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            backend = self._world.backend(SERVICE, call.region)
            plan_id, key_id = call.params["usagePlanId"], call.params["keyId"]
            self._plan(call)
            if key_id in backend.usage_plan_keys.get(plan_id, {}):
                code, message = "ConflictException", f"{key_id} is already associated with usage plan {plan_id}"
                raise AwsError(code, message, 409)
            return self._world.moto.answer(call)

    def _delete_plan_key(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            keys = self._world.backend(SERVICE, call.region).usage_plan_keys.get(call.params["usagePlanId"], {})
            if call.params["keyId"] not in keys:
                message = "Invalid Usage Plan Key identifier specified"
                raise not_found(message)
            return self._world.moto.answer(call)

    def _update_plan(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            plan = self._plan(call)
            changes = call.params.get("patchOperations", [])
            others = [change for change in changes if not change_limit(plan, change)]
            params = {"usagePlanId": plan.id, "patchOperations": others}
            return self._world.moto.answer(_changed(call, call.operation, params))

    def _delete_plan(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            plan = self._plan(call)
            if plan.api_stages:
                message = f"Cannot delete Usage Plan {plan.id} because there are API Stages associated with it"
                raise bad_request(message)
            return self._world.moto.answer(call)

    def _get_usage(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            plan = self._plan(call)
            keys = self._world.backend(SERVICE, call.region).usage_plan_keys.get(plan.id, {})
            wanted = [key for key in keys if call.params.get("keyId") in {None, key}]
        limit = int(plan.quota["limit"]) if plan.quota else None
        items = {key: [self._usage.spent(plan.id, key, limit)] for key in wanted}
        dates = {name: call.params[name] for name in ("startDate", "endDate")}
        return {"usagePlanId": plan.id, **dates, "items": items}

    def _api(self, call: Call) -> Any:
        api = self._world.backend(SERVICE, call.region).apis.get(call.params["restApiId"])
        if api is None:
            message = f"Invalid API identifier specified {call.account_id}:{call.params['restApiId']}"
            raise not_found(message)
        return api

    def _deployment(self, call: Call) -> tuple[Any, str]:
        api, deployment_id = self._api(call), call.params["deploymentId"]
        if deployment_id not in api.deployments:
            message = "Invalid Deployment identifier specified"
            raise not_found(message)
        return api, deployment_id

    def _plan(self, call: Call) -> Any:
        plan = self._world.backend(SERVICE, call.region).usage_plans.get(call.params["usagePlanId"])
        if plan is None:
            message = "Invalid Usage Plan ID specified"
            raise not_found(message)
        return plan


def _read(call: Call) -> ApiDefinition:
    """Read the document of a call.

    Raises:
        AwsError: it is not valid, or has warnings and the caller wants none.
    """
    definition = read_document(call.params["body"])
    if definition.warnings and call.params.get("failOnWarnings"):
        message = "\n\t".join(["Warnings found during import:", *definition.warnings])
        raise bad_request(message)
    return definition


def _arn(call: Call, api_id: str) -> str:
    return f"arn:aws:execute-api:{call.region}:{call.account_id}:{api_id}"


def _changed(call: Call, operation: str, params: dict[str, Any]) -> Call:
    return Call(
        service=call.service, operation=operation, params=params, region=call.region, account_id=call.account_id
    )
