"""docs/reference/release-yaml.md: every key, from the composed schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from generators.limits import limits
from generators.markdown import block, code, escaped, page, table

from mldeploy.model import JSON
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.schema import CORE, base_schema, built_in_plugins, composed_schema, resolved

Schema = Mapping[str, JSON]

INTRODUCTION = """\
One file describes one release. Only `name` is needed; every other key has a default or may be absent, and **required**
means that its parent needs it. Keys of other installed plugins come on top: `mldeploy schema --plugin NAME` shows them.

A first line `# yaml-language-server: $schema=release.schema.json` makes editors complete and check the file;
`mldeploy schema --output release.schema.json` writes that schema. `mldeploy validate` checks the file, and
`mldeploy config --env prod --origin` shows the value of every key in an environment and where it comes from."""
EXAMPLE = """\
name: sentiment
type: sagemaker
instance:
  type: ml.m5.xlarge
  count: 1
  volumeSizeInGB: 50
  region: eu-central-1
cache:
  enabled: true
  ttl: 3600
autoscaling:
  enabled: true
  minInstances: 1
  maxInstances: 4
environments:
  prod:
    instance: {count: 2}
    expose: {gateway: api-gateway}"""
HEADER = ("key", "type", "default", "allowed", "what it is")


def built_in() -> Plugins:
    """Return the plugins that come with mldeploy, loaded."""
    return load_plugins(built_in_plugins(), Path(__file__).parent)


def release_keys_page() -> str:
    """Return the page."""
    fragments = built_in().schema_fragments()
    root = composed_schema(fragments)
    owners = {key: f"plugin {code(name)}" for name, fragment in fragments for key in fragment.get("properties", {})}
    owners |= dict.fromkeys(base_schema()["properties"], CORE)
    sections = (_section(key, schema, owners[key], root) for key, schema in root["properties"].items())
    return page("# release.yaml", INTRODUCTION, block(EXAMPLE, "yaml"), *(part for parts in sections for part in parts))


def _section(key: str, schema: Schema, owner: str, root: Schema) -> Iterator[str]:
    schema = resolved(schema, root)
    yield f"## {key}"
    yield f"{schema['description']} Owner: {owner}." if schema.get("properties") else f"Owner: {owner}."
    own_row = [] if schema.get("properties") else [_row(key, schema, required=key in root["required"])]
    yield table(HEADER, [*own_row, *_rows_inside(key, schema, root)])


def _rows_inside(path: str, schema: Schema, root: Schema) -> Iterator[tuple[str, ...]]:
    """Yield the rows of everything inside a value, depth first."""
    for holder, prefix in ((schema, path), (schema.get("items", {}), f"{path}[]")):
        for key, inner in holder.get("properties", {}).items():
            found = resolved(inner, root)
            yield _row(f"{prefix}.{key}", found, required=key in holder.get("required", ()))
            yield from _rows_inside(f"{prefix}.{key}", found, root)


def _row(path: str, schema: Schema, *, required: bool) -> tuple[str, ...]:
    return (
        code(path),
        type_of(schema),
        _default(schema, required=required),
        escaped(limits(schema)),
        escaped(schema["description"]),
    )


def type_of(schema: Schema) -> str:
    """Return the JSON type of a value; what only lists its values is a text."""
    if "items" in schema:
        return f"list of {type_of(schema['items'])}"
    if "type" in schema:
        return str(schema["type"])
    return "string" if "enum" in schema else "any"


def _default(schema: Schema, *, required: bool) -> str:
    found = [code(json.dumps(schema["default"]))] if schema.get("default", {}) != {} else []
    found += [f"{code(json.dumps(value))} in {env}" for env, value in schema.get("x-environments", {}).items()]
    return ", ".join(found) or ("**required**" if required else "")
