"""Lambda's own rules for functions, which moto does not apply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.lambda_code import check_zip
from mldeploy_sandbox.plane import AwsError

MAX_TIMEOUT_SECONDS = 900
MAX_ENVIRONMENT_BYTES = 4096
"""Both: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""

RETIRED_RUNTIMES = frozenset(
    [
        "nodejs",
        "nodejs4.3",
        "nodejs4.3-edge",
        "nodejs6.10",
        "nodejs8.10",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "nodejs16.x",
        "python2.7",
        "python3.6",
        "python3.7",
        "python3.8",
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "dotnet6",
        "ruby2.5",
        "ruby2.7",
        "java8",
        "go1.x",
        "provided",
    ]
)
"""In botocore's enum, but no function can be made with them any more
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated)."""

RESERVED_VARIABLES = frozenset(
    [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ]
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime."""

VERSIONED = (
    "CodeSha256",
    "Handler",
    "Role",
    "Runtime",
    "Timeout",
    "MemorySize",
    "Environment",
    "Layers",
    "VpcConfig",
    "Description",
    "EphemeralStorage",
    "Architectures",
)
"""What two versions are compared by: equal in all of these means that nothing changed."""

INVALID = "InvalidParameterValueException"


def check_creation(params: Mapping[str, Any]) -> None:
    """Apply the rules of CreateFunction.

    Raises:
        AwsError: as AWS would.
    """
    if params.get("PackageType", "Zip") == "Zip" and not (params.get("Runtime") and params.get("Handler")):
        message = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        raise AwsError(INVALID, message)
    check_configuration(params)
    check_code(params.get("Code", {}))


def check_configuration(params: Mapping[str, Any]) -> None:
    """Apply the rules for timeout, runtime and environment.

    Raises:
        AwsError: as AWS would.
    """
    timeout = params.get("Timeout", 1)
    if timeout > MAX_TIMEOUT_SECONDS:
        code = "ValidationException"
        message = (
            f"1 validation error detected: Value '{timeout}' at 'timeout' failed to satisfy constraint: "
            f"Member must have value less than or equal to {MAX_TIMEOUT_SECONDS}"
        )
        raise AwsError(code, message)
    runtime = params.get("Runtime")
    if runtime in RETIRED_RUNTIMES:
        message = (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
        raise AwsError(INVALID, message)
    _check_environment(params.get("Environment", {}).get("Variables", {}))


def check_code(code: Mapping[str, Any]) -> None:
    """Refuse a deployment package that Lambda could not unpack.

    Raises:
        AwsError: as AWS would.
    """
    if isinstance(code.get("ZipFile"), bytes):
        check_zip(code["ZipFile"])


def same_version(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two configurations would publish the same version.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html ("doesn't publish a version if the
    function's configuration and code haven't changed since the last version").
    """
    return all(one.get(name) == other.get(name) for name in VERSIONED)


def _check_environment(variables: Mapping[str, str]) -> None:
    beginning = "Lambda was unable to configure your environment variables because the environment variables you have"
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        message = (
            f"{beginning} provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
        raise AwsError(INVALID, message)
    text = json.dumps(variables, separators=(",", ":"))
    if len(text.encode()) > MAX_ENVIRONMENT_BYTES:
        message = f"{beginning} provided exceeded the 4KB limit. String measured: {text[:100]}..."
        raise AwsError(INVALID, message)
