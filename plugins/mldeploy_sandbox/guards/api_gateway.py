"""API Gateway's rules around resources, authorizers and usage plans."""

from __future__ import annotations

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

REFERENCE = "https://docs.aws.amazon.com/apigateway/latest/api"

RESOURCE_TAKEN = declare(
    "apigateway-resource-taken",
    "apigateway:CreateResource",
    says="Two resources below one parent cannot have the same path part.",
    source="https://github.com/aws/serverless-application-model/issues/192",
)
POOL_MISSING = declare(
    "apigateway-authorizer-pool",
    "apigateway:CreateAuthorizer",
    says="A Cognito authorizer names user pools that exist.",
    source=f"{REFERENCE}/API_CreateAuthorizer.html",
)
STAGE_MISSING = declare(
    "apigateway-plan-stage",
    "apigateway:CreateUsagePlan",
    says="A usage plan names stages that exist.",
    source=f"{REFERENCE}/API_CreateUsagePlan.html",
)
CONFLICT, INVALID, MISSING = "ConflictException", "BadRequestException", "NotFoundException"


def check_resource(world: World, call: Call) -> None:
    """Refuse a path part twice below one parent."""
    api = world.backend("apigateway", call.region).apis.get(call.params["restApiId"])
    part, parent = call.params["pathPart"], call.params["parentId"]
    for resource in api.resources.values() if api else ():
        if (resource.path_part, resource.parent_id) == (part, parent):
            message = f"Another resource with the same parent already has this name: {part}"
            raise RESOURCE_TAKEN.refusal(CONFLICT, message, 409)


def check_authorizer(world: World, call: Call) -> None:
    """Refuse user pools that do not exist."""
    for pool_arn in call.params.get("providerARNs", []) if call.params["type"] == "COGNITO_USER_POOLS" else []:
        region, pool_id = pool_arn.split(":")[3], pool_arn.rsplit("/", 1)[-1]
        if pool_id not in world.backend("cognito-idp", region).user_pools:
            message = f"Invalid authorizer: the user pool {pool_arn} does not exist"
            raise POOL_MISSING.refusal(INVALID, message)


def check_plan(world: World, call: Call) -> None:
    """Refuse stages that do not exist."""
    apis = world.backend("apigateway", call.region).apis
    for place in call.params.get("apiStages", []):
        api = apis.get(place.get("apiId"))
        if api is None or place.get("stage") not in api.stages:
            message = f"API Stage not found: {place.get('apiId')}:{place.get('stage')}"
            raise STAGE_MISSING.refusal(MISSING, message, 404)


GUARDS = {
    ("apigateway", "CreateResource"): check_resource,
    ("apigateway", "CreateAuthorizer"): check_authorizer,
    ("apigateway", "CreateUsagePlan"): check_plan,
}
