"""What a request body must look like: the part of the service's own OpenAPI document that API Gateway can check.

The document is the file `openapi.json` of the project, which `python -m service openapi` writes; without it, any JSON
object passes. The gateway may let through what the service refuses, and must never refuse what the service takes. So
only keywords are kept that JSON Schema draft 4, which API Gateway speaks, reads as the service does
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from mldeploy import Problem, Release
from mldeploy.model import JSON

FILE = "openapi.json"
REQUEST = "PredictionRequest"
ANY_OBJECT: JSON = {"type": "object"}
REFERENCE = "#/components/schemas/"
COPIED = frozenset({"enum", "maxLength", "maximum", "minLength", "minimum", "pattern", "required", "type"})
"""Left out on purpose: minItems and maxItems, which are not part of the check; exclusive bounds and const, which draft
4 writes otherwise; additionalProperties and format, which API Gateway reads in its own way."""
PLAIN_PATTERN = re.compile(r"[\w^$.*+?|()\[\]{},/ -]*")
"""Regular expressions that Python and Java read alike."""


def request_problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong with the project's document."""
    path = release.root / FILE
    if not path.is_file():
        return
    try:
        _schema(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Problem(
            message=f"{FILE} does not describe POST /predict: {type(error).__name__} {error}",
            path=("expose", "gateway"),
            hint=f"write it anew with `python -m service openapi > {FILE}`, or delete it to let any JSON object pass",
        )


def request_schemas(release: Release) -> dict[str, JSON]:
    """Return the models of the API by name; PredictionRequest is that of a request body."""
    path = release.root / FILE
    if not path.is_file():
        return {REQUEST: ANY_OBJECT}
    try:
        document = json.loads(path.read_text("utf-8"))
        return dict(_models(document, _schema(document)))
    except (OSError, ValueError, KeyError, TypeError):
        return {REQUEST: ANY_OBJECT}


def _schema(document: Mapping[str, JSON]) -> Mapping[str, JSON]:
    found: Mapping[str, JSON] = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    return found


def _models(document: Mapping[str, JSON], schema: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    """Yield the request's model, and every model that it refers to under a name of letters and digits."""
    components = document.get("components", {}).get("schemas", {})
    waiting, done = [(REQUEST, schema)], {REQUEST}
    while waiting:
        name, found = waiting.pop()
        used: set[str] = set()
        yield name, _checkable(found, used)
        for other in sorted(used):
            if _model_name(other) not in done:
                done.add(_model_name(other))
                waiting.append((_model_name(other), components[other]))


def _checkable(schema: JSON, used: set[str]) -> JSON:
    """Return what draft 4 can check of a schema; `used` gathers the components it refers to."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(REFERENCE)
        used.add(name)
        return {"$ref": f"{REFERENCE}{_model_name(name)}"}
    found: dict[str, JSON] = {key: value for key, value in schema.items() if key in COPIED}
    if not PLAIN_PATTERN.fullmatch(str(found.get("pattern", ""))):
        del found["pattern"]
    if "properties" in schema:
        found["properties"] = {key: _checkable(item, used) for key, item in schema["properties"].items()}
    if isinstance(schema.get("items"), Mapping):
        found["items"] = _checkable(schema["items"], used)
    if "anyOf" in schema:
        found["anyOf"] = [_checkable(item, used) for item in schema["anyOf"]]
    return found


def _model_name(component: str) -> str:
    """Return a name for a component: models of API Gateway take letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]", "", component)
