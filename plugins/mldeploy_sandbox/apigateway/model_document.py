"""Reads schemas of an OpenAPI document as API Gateway models, which are JSON Schema draft 4.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.apigateway.definition import Settings
from mldeploy_sandbox.apigateway.errors import bad_request

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
REFERENCE = "#/components/schemas/"
MODEL_URL = "https://apigateway.amazonaws.com/restapis/{api_id}/models/"
"""How one model names another; `{api_id}` is filled in when the API has one."""

NOT_DRAFT_4 = ("nullable", "discriminator", "readOnly", "writeOnly", "xml", "example", "deprecated")
"""OpenAPI's additions to JSON Schema; API Gateway does not validate by them."""


class SchemaReader:
    """Turns named schemas, and inline ones as they are met, into models."""

    def __init__(self, schemas: Mapping[str, Any], warnings: list[str]) -> None:
        self._warnings = warnings
        self._models: dict[str, Settings] = {}
        for name, schema in schemas.items():
            self._add(name, schema)

    def models(self) -> tuple[Settings, ...]:
        """Return the parameters of CreateModel for all models met so far."""
        return tuple(self._models.values())

    def content_models(self, content: Mapping[str, Any]) -> dict[str, str]:
        """Return media type → model name for the `content` of a body."""
        return {media: self._name(value["schema"]) for media, value in content.items() if "schema" in value}

    def _name(self, schema: Mapping[str, Any]) -> str:
        reference = schema.get("$ref")
        if reference is None:
            digest = hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()
            return self._add(f"MODEL{digest[:6]}", schema)
        name = str(reference).removeprefix(REFERENCE)
        if name not in self._models:
            message = f"Invalid model reference specified: {reference}"
            raise bad_request(message)
        return name

    def _add(self, name: str, schema: Mapping[str, Any]) -> str:
        if not re.fullmatch(r"[a-zA-Z0-9]+", name):
            message = f"Model name must be alphanumeric: {name}"
            raise bad_request(message)
        converted = self._converted(schema, name)
        document = json.dumps({"$schema": DRAFT_4, **converted})
        self._models[name] = {"name": name, "contentType": "application/json", "schema": document}
        return name

    def _converted(self, value: Any, name: str) -> Any:
        """Rewrite references, and drop what draft 4 does not know."""
        if isinstance(value, list):
            return [self._converted(item, name) for item in value]
        if not isinstance(value, Mapping):
            return value
        dropped = [key for key in NOT_DRAFT_4 if key in value and not isinstance(value[key], Mapping)]
        for key in dropped:
            self._warnings.append(f"Ignoring '{key}' in model '{name}': not part of JSON Schema draft 4")
        return {
            key: MODEL_URL + item.removeprefix(REFERENCE) if key == "$ref" else self._converted(item, name)
            for key, item in value.items()
            if key not in dropped
        }
