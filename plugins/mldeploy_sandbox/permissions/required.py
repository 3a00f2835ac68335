"""Which permissions a call needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import get_service_model

from mldeploy_sandbox.permissions.actions import (
    ACTIONS,
    DEPENDENT,
    EVERYTHING,
    FREE,
    KINDS,
    PASSED_ROLES,
    PREFIXES,
    RESOURCES,
    SILENT,
    TAGGING,
)
from mldeploy_sandbox.plane import Call

ANY = "*"
POLICY_OF_API = b"x-amazon-apigateway-policy"
PLACEHOLDER = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An action on a resource (an ARN, or "*"), with what conditions of policies may ask for."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def required(call: Call) -> tuple[Permission, ...]:
    """Return the permissions that a caller needs for a call, in the order in which AWS asks for them."""
    key = (call.service, call.operation)
    if key in FREE:
        return ()
    return tuple(_permissions(call, key))


def _permissions(call: Call, key: tuple[str, str]) -> Iterator[Permission]:
    context = {"aws:RequestedRegion": call.region, **_request_tags(call)}
    if call.service == "apigateway":
        yield from _api_gateway(call, context)
        return
    prefix = PREFIXES.get(call.service, call.service)
    action = ACTIONS.get(key, f"{prefix}:{call.operation}")
    resources = [ANY] if key in EVERYTHING else list(_resources(call, prefix)) or [ANY]
    for resource in resources:
        yield Permission(action=action, resource=resource, context=context)
    member, tagging = TAGGING.get(call.service, ("", ""))
    if call.operation.startswith("Create") and call.params.get(member):
        yield Permission(action=tagging, resource=resources[0], context=context)
    if key in PASSED_ROLES:
        role, service = PASSED_ROLES[key]
        if call.params.get(role):
            passed = {"iam:PassedToService": service}
            yield Permission(action="iam:PassRole", resource=call.params[role], context=context | passed)
    for other, template in DEPENDENT.get(key, ()):
        yield _dependent(call, other, template, context)


def _dependent(call: Call, action: str, template: str, context: Mapping[str, str]) -> Permission:
    scaled = str(call.params.get("ResourceId") or call.params.get("ResourceArn", ""))
    resource = template.format(
        region=call.region, account=call.account_id, resource=scaled, endpoint=scaled.partition("/variant/")[0]
    )
    service = {"iam:AWSServiceName": resource.split("/")[2]} if action == "iam:CreateServiceLinkedRole" else {}
    return Permission(action=action, resource=resource, context={**context, **service})


def _resources(call: Call, prefix: str) -> Iterator[str]:
    if call.service == "s3":
        if "Bucket" in call.params:
            path = "/".join(call.params[part] for part in ("Bucket", "Key") if part in call.params)
            yield f"arn:aws:s3:::{path}"
        return
    for member, template in RESOURCES.get(prefix, {}).items():
        given = [] if (prefix, call.operation, member) in SILENT else call.params.get(member, [])
        for value in [given] if isinstance(given, str) else given:
            yield value if value.startswith("arn:") else _arn(call, template, value)


def _arn(call: Call, template: str, value: str) -> str:
    begins = value.partition("-")[0]
    kind = KINDS.get(begins, begins)
    return template.format(region=call.region, account=call.account_id, kind=kind, value=value, params=call.params)


def _api_gateway(call: Call, context: Mapping[str, str]) -> Iterator[Permission]:
    """Yield permissions whose actions are HTTP methods and whose resources are paths."""
    http = get_service_model(call.service).operation_model(call.operation).http
    members = _path_members(call)
    path = PLACEHOLDER.sub(lambda found: str(members.get(found[1], ANY)), http["requestUri"].split("?")[0])
    root = f"arn:aws:apigateway:{call.region}::"
    yield Permission(action=f"apigateway:{http['method']}", resource=f"{root}{path}", context=context)
    if _sets_policy(call):
        yield Permission(action="apigateway:UpdateRestApiPolicy", resource=f"{root}{path}", context=context)
    if call.params.get("tags") and call.operation.startswith("Create"):
        yield Permission(action="apigateway:PUT", resource=f"{root}/tags/{ANY}", context=context)


def _sets_policy(call: Call) -> bool:
    """Tell whether a call changes the resource policy of a REST API, in a document or alone."""
    changes = call.params.get("patchOperations", ())
    return POLICY_OF_API in bytes(call.params.get("body") or b"") or (
        call.operation == "UpdateRestApi" and any(change.get("path") == "/policy" for change in changes)
    )


def _path_members(call: Call) -> Mapping[str, Any]:
    """Return the values of the members in the path, by their names on the wire."""
    shape = get_service_model(call.service).operation_model(call.operation).input_shape
    return {
        member.serialization.get("name", name): call.params[name]
        for name, member in (shape.members.items() if shape else ())
        if member.serialization.get("location") == "uri" and name in call.params
    }


def _request_tags(call: Call) -> dict[str, str]:
    """Return aws:RequestTag/NAME for each tag in the input, however the service writes tags."""
    given: Any = next((call.params[name] for name in ("Tags", "tags", "UserPoolTags") if call.params.get(name)), [])
    if isinstance(given, Mapping):
        pairs = [(str(name), str(value)) for name, value in given.items()]
    else:
        pairs = [(str(tag.get("Key", tag.get("key"))), str(tag.get("Value", tag.get("value")))) for tag in given]
    return {f"aws:RequestTag/{name}": value for name, value in pairs}
