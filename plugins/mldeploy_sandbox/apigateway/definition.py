"""A REST API as an OpenAPI document describes it: the values between reading the document and making the resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]
"""Parameters of an API Gateway operation, in botocore's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDefinition:
    """One method of one resource.

    `authorizer` and `validator` are names; the ids are known only once they were made. `integration` is None when
    the document has none.
    """

    path: str
    http_method: str
    settings: Settings
    authorizer: str | None
    validator: str | None
    responses: Mapping[str, Settings]
    integration: Settings | None
    integration_responses: tuple[Settings, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDefinition:
    """Everything that an import makes; `warnings` is what was left out of it, and why."""

    name: str
    api_settings: Settings
    models: tuple[Settings, ...] = ()
    authorizers: tuple[Settings, ...] = ()
    validators: tuple[Settings, ...] = ()
    gateway_responses: tuple[Settings, ...] = ()
    methods: tuple[MethodDefinition, ...] = ()
    paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
