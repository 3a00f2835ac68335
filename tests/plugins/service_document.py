"""The OpenAPI document of a small service, as FastAPI writes it."""

from __future__ import annotations

import json
from typing import Any

REQUEST_SCHEMA = {
    "type": "object",
    "required": ["instances"],
    "additionalProperties": False,
    "properties": {
        "instances": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/My-Instance"}}
    },
}
INSTANCE = {"type": "object", "required": ["x"], "properties": {"x": {"type": "number", "exclusiveMinimum": 0}}}


def document(schema: Any = REQUEST_SCHEMA) -> str:
    content = {"application/json": {"schema": schema}}
    paths = {"/predict": {"post": {"requestBody": {"content": content}}}}
    return json.dumps({"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"My-Instance": INSTANCE}}})
