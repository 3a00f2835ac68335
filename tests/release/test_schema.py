from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mldeploy.errors import PluginError
from mldeploy.fast_validation import fits
from mldeploy.resources import data_folder
from mldeploy.schema import composed_schema, resolved, shipped_fragment

FRAGMENTS = tuple(
    path.stem for path in sorted(data_folder("schemas").glob("*.json")) if path.stem not in {"base", "release.schema"}
)
"""Every fragment but base.json, which is the core's, and the composed release.schema.json."""
SHIPPED = composed_schema((name, shipped_fragment(name)) for name in FRAGMENTS)


def keys(schema, path=()):
    """Yield (path, schema) of every key that a release file may have, outside environments."""
    schema = resolved(schema, SHIPPED)
    for key, inner in schema.get("properties", {}).items():
        yield (*path, key), resolved(inner, SHIPPED)
        if key != "environments":
            yield from keys(inner, (*path, key))
    if "items" in schema:
        yield from keys(schema["items"], (*path, "[]"))


KEYS = dict(keys(SHIPPED))


def test_the_composed_schema_is_a_schema():
    Draft202012Validator.check_schema(SHIPPED)


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_key_is_described_and_its_examples_and_defaults_are_valid(path):
    schema = KEYS[path]
    assert schema["description"].endswith(".")
    samples = [*schema.get("examples", ()), *schema.get("x-environments", {}).values()]
    if "default" in schema:
        samples.append(schema["default"])
    assert all(fits(sample, schema, SHIPPED) for sample in samples)


def test_every_object_of_ours_is_closed():
    nested = [path for path, schema in KEYS.items() if "properties" in schema and path != ("environments",)]
    assert nested
    assert all(KEYS[path]["additionalProperties"] is False for path in nested)
    assert SHIPPED["additionalProperties"] is False


def test_environments_take_the_same_keys_but_the_identifying_ones():
    overlay = SHIPPED["properties"]["environments"]["additionalProperties"]
    assert set(overlay["properties"]) == set(SHIPPED["properties"]) - {"name", "type", "environments"}
    assert "required" not in json.dumps(overlay["properties"]["cache"])
    assert "default" not in overlay["properties"]["cache"]["properties"]["ttl"]


def test_two_owners_of_a_key_are_refused_by_name():
    fragment = {"properties": {"cache": {"type": "object"}}}
    with pytest.raises(PluginError, match="'cache' and 'other' both own 'cache'"):
        composed_schema([("cache", shipped_fragment("cache")), ("other", fragment)])
    with pytest.raises(PluginError, match="'the core' and 'other' both own 'name'"):
        composed_schema([("other", {"properties": {"name": {}}})])


def test_a_plugin_adds_its_own_section(load, refused):
    fragment = {
        "properties": {"drift": {"type": "object", "additionalProperties": False, "required": ["limit"], "properties": {
            "limit": {"$ref": "#/$defs/share"}, "window": {"type": "integer", "default": 7}}}},
        "$defs": {"share": {"type": "number", "maximum": 1}},
    }  # fmt: skip
    release = load("name: sentiment\ndrift: {limit: 0.2}\n", fragments=[("drift", fragment)]).release
    assert release.value("drift.window") == 7
    _, shown = refused("name: sentiment\ndrift: {limit: 2}\n", fragments=[("drift", fragment)])
    assert "release.yaml:2:16: error: drift.limit: 2 is more than 1" in shown


def test_a_plugin_may_use_any_keyword_of_json_schema(load, refused):
    fragment = {"properties": {"either": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}
    assert load("name: sentiment\neither: 3\n", fragments=[("p", fragment)]).release.value("either") == 3
    _, shown = refused("name: sentiment\neither: []\n", fragments=[("p", fragment)])
    assert "release.yaml:2:9: error: either: a list breaks the rule" in shown


@pytest.mark.req("3.2")
def test_instance_types_and_regions_are_those_of_the_service():
    import botocore.session

    session = botocore.session.get_session()
    known = session.get_service_model("sagemaker").shape_for("ProductionVariantInstanceType").enum
    types = KEYS["instance", "type"]["enum"]
    assert set(types) <= set(known)
    assert len(types) > 200
    assert not any(name.startswith("ml.t3.") for name in types)
    regions = {r for p in session.get_available_partitions() for r in session.get_available_regions("sagemaker", p)}
    assert set(KEYS["instance", "region"]["enum"]) <= regions


def test_the_schema_for_editors_is_current():
    composed = json.loads((data_folder("schemas") / "release.schema.json").read_text("utf-8"))
    assert composed == SHIPPED, "refresh it: mldeploy schema --output schemas/release.schema.json"


def test_the_sample_fits_the_schema_for_editors(sample):
    import yaml

    schema = json.loads(Path(data_folder("schemas") / "release.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(yaml.safe_load(sample))
