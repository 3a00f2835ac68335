"""Lambda's rules for aliases, roles, concurrency and networks."""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.lambda_function import split_function_name, stored_function
from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

REFERENCE = "https://docs.aws.amazon.com/lambda/latest/api"
LEAST_UNRESERVED, ACCOUNT_CONCURRENCY = 100, 1000

ROLE = declare(
    "lambda-role-exists",
    "lambda:UpdateFunctionConfiguration",
    says="A function's role exists.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
)
NETWORK = declare(
    "lambda-network-exists",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    says="The subnets and security groups of a function exist.",
    source=f"{REFERENCE}/API_CreateFunction.html",
)
ALIAS_TAKEN = declare(
    "lambda-alias-taken",
    "lambda:CreateAlias",
    says="A function has an alias of a name once.",
    source=f"{REFERENCE}/API_CreateAlias.html",
)
ALIAS_ROUTING = declare(
    "lambda-alias-routing",
    "lambda:CreateAlias",
    "lambda:UpdateAlias",
    says="A weighted alias points to two published versions that exist, never to $LATEST.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html",
)
VERSION_IN_USE = declare(
    "lambda-version-in-use",
    "lambda:DeleteFunction",
    says="A version that an alias points to, with all requests or a part of them, cannot be deleted.",
    source=f"{REFERENCE}/API_DeleteFunction.html",
)
CONCURRENCY = declare(
    "lambda-unreserved-concurrency",
    "lambda:PutFunctionConcurrency",
    says="At least 100 of an account's concurrent executions (1000 by default) stay unreserved.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
)
INVALID, CONFLICT = "InvalidParameterValueException", "ResourceConflictException"


def check_configuration(world: World, call: Call) -> None:
    """Refuse a role that is gone, and networks that do not exist."""
    role = call.params.get("Role")
    if role and all(known.arn != role for known in world.backend("iam", "global").roles.values()):
        message = "The role defined for the function cannot be assumed by Lambda."
        raise ROLE.refusal(INVALID, message)
    check_network(world, call)


def check_network(world: World, call: Call) -> None:
    """Refuse subnets and security groups that do not exist."""
    network = call.params.get("VpcConfig") or {}
    if not network.get("SubnetIds") and not network.get("SecurityGroupIds"):
        return
    backend = world.backend("ec2", call.region)
    subnets = {name for subnets in backend.subnets.values() for name in subnets}
    groups = {name for groups in backend.groups.values() for name in groups}
    for words, wanted, known in (
        ("subnet", network.get("SubnetIds", []), subnets),
        ("security group", network.get("SecurityGroupIds", []), groups),
    ):
        for missing in [one for one in wanted if one not in known]:
            message = f"Error occurred while describing the network. The {words} '{missing}' does not exist"
            raise NETWORK.refusal(INVALID, message)


def check_new_alias(world: World, call: Call) -> None:
    """Refuse an alias twice, and a wrong routing."""
    name, _ = split_function_name(call.params["FunctionName"])
    stored_function(world, call.region, name, None)
    if any(alias.name == call.params["Name"] for alias in world.backend("lambda", call.region).list_aliases(name)):
        arn = f"arn:aws:lambda:{call.region}:{call.account_id}:function:{name}:{call.params['Name']}"
        message = f"Alias already exists: {arn}"
        raise ALIAS_TAKEN.refusal(CONFLICT, message, 409)
    check_routing(world, call)


def check_routing(world: World, call: Call) -> None:
    """Refuse weights on versions that do not exist, and on $LATEST."""
    weights = (call.params.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    name, _ = split_function_name(call.params["FunctionName"])
    for version in weights:
        try:
            stored_function(world, call.region, name, version)
        except AwsError as error:
            message = f"Function not found: the version {version} of {name} does not exist"
            raise ALIAS_ROUTING.refusal(error.code, message, 404) from error
    if weights and "$LATEST" in {call.params.get("FunctionVersion"), *weights}:
        message = "$LATEST is not supported for an alias pointing to more than 1 version"
        raise ALIAS_ROUTING.refusal(INVALID, message)


def check_version_unused(world: World, call: Call) -> None:
    """Refuse to delete a version under an alias."""
    name, qualifier = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
    if qualifier is None:
        return
    stored_function(world, call.region, name, None)
    aliases = world.backend("lambda", call.region).list_aliases(name)
    using = [alias.name for alias in aliases if qualifier in _versions_of(alias)]
    if using:
        message = f"Unable to delete version because the following aliases reference it: [{', '.join(using)}]"
        raise VERSION_IN_USE.refusal(CONFLICT, message, 409)


def check_concurrency(world: World, call: Call) -> None:
    """Refuse to reserve what others may need."""
    name, _ = split_function_name(call.params["FunctionName"])
    others = [one for one in world.backend("lambda", call.region).list_functions() if one.function_name != name]
    reserved = sum(int(one.reserved_concurrency or 0) for one in others)
    left = ACCOUNT_CONCURRENCY - reserved - call.params["ReservedConcurrentExecutions"]
    if left < LEAST_UNRESERVED:
        message = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{LEAST_UNRESERVED}]."
        )
        raise CONCURRENCY.refusal(INVALID, message)


def _versions_of(alias: Any) -> set[str]:
    weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
    return {str(alias.function_version), *weights}


GUARDS = {
    ("lambda", "CreateAlias"): check_new_alias,
    ("lambda", "CreateFunction"): check_network,
    ("lambda", "DeleteFunction"): check_version_unused,
    ("lambda", "PutFunctionConcurrency"): check_concurrency,
    ("lambda", "UpdateAlias"): check_routing,
    ("lambda", "UpdateFunctionConfiguration"): check_configuration,
}
