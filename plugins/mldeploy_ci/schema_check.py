"""Hold an orb or config against CircleCI's JSON schema (draft 7), which covers both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator

from mldeploy.errors import UsageError
from mldeploy.wording import dotted
from mldeploy_ci.definitions import mapping
from mldeploy_ci.expansion import below, expand
from mldeploy_ci.findings import Finding
from mldeploy_ci.schema_errors import hint_of, innermost, message_of

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import Document

SCHEMA_SOURCE = "schema.json of CircleCI-Public/circleci-yaml-language-server"


def read_schema(path: Path) -> Mapping[str, JSON]:
    """Read CircleCI's schema from a file.

    Raises:
        UsageError: there is no such file, or it is no JSON object.
    """
    hint = f"give the {SCHEMA_SOURCE}"
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the schema {path} cannot be read: {error.strerror}"
        raise UsageError(message, hint=hint) from error
    except ValueError as error:
        message = f"the schema {path} is not JSON: {error}"
        raise UsageError(message, hint=hint) from error
    if not isinstance(schema, dict) or "definitions" not in schema:
        message = f"{path} is not CircleCI's schema"
        raise UsageError(message, hint=hint)
    return schema


def check_schema(document: Document, schema: Mapping[str, JSON]) -> Iterator[Finding]:
    """Yield what does not fit the schema once interpolations have values; the examples of an orb are configs."""
    validator: Any = Draft7Validator(schema)
    usages = [("examples", name, "usage") for name in mapping(mapping(document.value).get("examples"))]
    for part in (document, *(below(document, path) for path in usages)):
        yield from _check(part, validator)


def _check(document: Document, validator: Any) -> Iterator[Finding]:
    expanded = expand(document)
    for outer in validator.iter_errors(expanded.value):
        for error in innermost(outer):
            about_key = "propertyNames" in error.absolute_schema_path
            path = (*error.absolute_path, error.instance) if about_key else tuple(error.absolute_path)
            message = f"{dotted(path) or 'the file'}: {message_of(error)}"
            finding = Finding(rule="schema", message=message, path=path, hint=hint_of(error), about_key=about_key)
            yield finding.located(expanded)
