"""Patch operations on the limits of a usage plan, which moto stores as text or not at all.

Source: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.apigateway.errors import bad_request

NUMBERS = {"limit": int, "offset": int, "rateLimit": float, "burstLimit": int}


def change_limit(plan: Any, change: Mapping[str, Any]) -> bool:
    """Apply a change of quota or throttle to moto's plan; False when the change is about something else.

    Raises:
        AwsError: BadRequestException.
    """
    path, operation = change.get("path", ""), change.get("op")
    if operation not in {"add", "replace"}:
        return False
    owner, _, name = path.removeprefix("/").partition("/")
    if owner == "apiStages" and "/throttle/" in path:
        _change_stage_throttle(plan, name, change)
        return True
    if owner not in {"quota", "throttle"}:
        return False
    limits = plan.quota if owner == "quota" else plan.throttle
    limits[name] = _value(name, change)
    return True


def _change_stage_throttle(plan: Any, path: str, change: Mapping[str, Any]) -> None:
    """Apply `{apiId}:{stage}/throttle/{resource path}/{method}/rateLimit`."""
    stage_name, _, rest = path.partition("/throttle/")
    api_id, _, stage = stage_name.partition(":")
    method, _, name = rest.rpartition("/")
    for entry in plan.api_stages:
        if entry["apiId"] == api_id and entry["stage"] == stage:
            entry.setdefault("throttle", {}).setdefault(method, {})[name] = _value(name, change)
            return
    message = f"Usage plan {plan.id} has no API stage {stage_name}"
    raise bad_request(message)


def _value(name: str, change: Mapping[str, Any]) -> Any:
    convert = NUMBERS.get(name, str)
    try:
        return convert(change.get("value", ""))
    except ValueError as error:
        message = f"Invalid value '{change.get('value')}' for {change.get('path')}"
        raise bad_request(message) from error
