"""One version of a Lambda function, as it is invoked: read from moto's store, then independent of it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.plane import AwsError

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

FUNCTION_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):\d{12}:function:|\d{12}:function:|function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
"""Name, partial ARN or ARN (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, FunctionName)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """What a worker needs to run one version of a function.

    `layers` are zip files, in the order in which they are merged into /opt.
    """

    name: str
    version: str
    region: str
    handler: str
    runtime: str
    role: str
    timeout_seconds: int
    memory_megabytes: int
    environment: Mapping[str, str]
    code_sha256: str
    concurrency_limit: int | None
    code: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(repr=False)

    @property
    def log_group(self) -> str:
        """The log group that Lambda writes to."""
        return f"/aws/lambda/{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes when a running worker must not serve this version any more."""
        parts = {
            "handler": self.handler,
            "runtime": self.runtime,
            "timeout": self.timeout_seconds,
            "memory": self.memory_megabytes,
            "environment": dict(self.environment),
            "code": self.code_sha256,
            "layers": [hashlib.sha256(layer).hexdigest() for layer in self.layers],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def split_function_name(text: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """Split a name, partial ARN or ARN into function name and qualifier (version or alias).

    Raises:
        AwsError: the name has two different qualifiers, or no form that Lambda knows.
    """
    match = FUNCTION_NAME.fullmatch(text)
    if match is None:
        code, message = "ValidationException", f"'{text}' is neither a function name nor an ARN"
        raise AwsError(code, message)
    inner = match["qualifier"]
    if inner and qualifier and inner != qualifier:
        code = "InvalidParameterValueException"
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise AwsError(code, message)
    return match["name"], inner or qualifier


def read_function(world: World, region: str, name: str, qualifier: str | None) -> FunctionVersion:
    """Read the version that an invocation of `name:qualifier` runs; a weighted alias draws one.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    with world.moto.lock:
        backend = world.backend("lambda", region)
        found = stored_function(world, region, name, _drawn_version(backend, name, qualifier))
        layers = [backend.layers_versions_by_arn(layer["Arn"]).code_bytes for layer in found.layers]
        latest = stored_function(world, region, name, None)
        return FunctionVersion(
            name=found.function_name,
            version=str(found.version),
            region=region,
            handler=found.handler or "",
            runtime=found.run_time or "",
            role=found.role,
            timeout_seconds=int(found.timeout),
            memory_megabytes=int(found.memory_size),
            environment=dict(found.environment_vars or {}),
            code_sha256=found.code_sha_256,
            concurrency_limit=_integer(latest.reserved_concurrency),
            code=found.code_bytes,
            layers=tuple(layers),
        )


def stored_function(world: World, region: str, name: str, qualifier: str | None) -> Any:
    """Return moto's object of a version; hold `moto.lock`.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - slow to import

    try:
        return world.backend("lambda", region).get_function(name, qualifier)
    except UnknownFunctionException as error:
        suffix = f":{qualifier}" if qualifier else ""
        code = "ResourceNotFoundException"
        message = f"Function not found: arn:aws:lambda:{region}:{world.account_id}:function:{name}{suffix}"
        raise AwsError(code, message, 404) from error


def _drawn_version(backend: Any, name: str, qualifier: str | None) -> str | None:
    """Follow a weighted alias (https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html)."""
    aliases = {} if qualifier is None or qualifier.isdigit() else _aliases(backend, name)
    routing = getattr(aliases.get(qualifier or ""), "routing_config", None) or {}
    draw = random.random()
    for version, weight in (routing.get("AdditionalVersionWeights") or {}).items():
        draw -= float(weight)
        if draw < 0:
            return str(version)
    return qualifier


def _aliases(backend: Any, name: str) -> dict[str, Any]:
    from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - slow to import

    try:
        return {alias.name: alias for alias in backend.list_aliases(name)}
    except UnknownFunctionException:
        return {}


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)
