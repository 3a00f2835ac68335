"""The small validator says yes exactly when jsonschema does."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mldeploy.fast_validation import UnsupportedKeywordError, compiled, fits
from mldeploy.schema import composed_schema, shipped_fragment
from mldeploy.schema_problems import find_problems

KEYS = st.sampled_from(["a", "b", "c", "enabled"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5, -2.5]),
    st.text("ab1-", max_size=4),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
KEYWORDS = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "pattern": st.sampled_from(["^a", "b$", "^[ab]+$", "[0-9]", "^(?!a)"]),
    "minLength": st.integers(0, 3),
    "maxLength": st.integers(0, 3),
    "minimum": st.integers(-2, 2),
    "maximum": st.integers(-2, 2),
    "exclusiveMinimum": st.integers(-2, 2),
    "exclusiveMaximum": st.integers(-2, 2),
    "required": st.lists(KEYS, max_size=2, unique=True),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "description": st.just("words"),
    "x-prompt": st.just("words?"),
}


def objects(inner):
    nested = {
        "properties": st.dictionaries(KEYS, inner, max_size=3),
        "additionalProperties": inner | st.booleans(),
        "propertyNames": st.fixed_dictionaries({}, optional={"pattern": KEYWORDS["pattern"]}),
        "items": inner,
        "$ref": st.just("#/$defs/shared"),
    }
    return st.fixed_dictionaries({}, optional={**KEYWORDS, **nested})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS), objects, max_leaves=6)


@settings(max_examples=120, deadline=None)
@given(schema=SCHEMAS, shared=st.fixed_dictionaries({}, optional=KEYWORDS), value=VALUES)
def test_both_validators_agree(schema, shared, value):
    root = {**schema, "$defs": {"shared": shared}}
    agreed = Draft202012Validator(root).is_valid(value)
    assert fits(value, root, root) is agreed
    assert (find_problems(value, root, {}) == []) is agreed


RELEASE_SCHEMA = composed_schema(
    (name, shipped_fragment(name)) for name in ("sagemaker", "cache", "image", "verify", "api-gateway", "local")
)
RELEASE = {
    "name": "sentiment",
    "instance": {"type": "ml.m5.xlarge", "count": 1, "region": "eu-central-1"},
    "cache": {"enabled": True, "ttl": 3600, "redis": {"endpoint": "localhost:6379"}},
    "expose": {"quota": {"limit": 5}, "cors": {"allowOrigins": ["*"]}},
    "verify": {"requests": [{"body": {"instances": ["x"]}, "expect": {"schema": {"type": "object"}}}]},
    "environments": {"prod": {"instance": {"count": 2}}},
}


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from([path for path in paths(RELEASE) if path]), value=VALUES, rename=st.booleans())
def test_both_validators_agree_on_releases(path, value, rename):
    release = copy.deepcopy(RELEASE)
    owner = release
    for key in path[:-1]:
        owner = owner[key]
    if rename and isinstance(owner, dict):
        owner[f"{path[-1]}x"] = owner.pop(path[-1])
    else:
        owner[path[-1]] = value
    agreed = Draft202012Validator(RELEASE_SCHEMA).is_valid(release)
    assert fits(release, RELEASE_SCHEMA, RELEASE_SCHEMA) is agreed
    assert (find_problems(release, RELEASE_SCHEMA, {}) == []) is agreed


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "string"}]},
        {"properties": {"a": {"if": {}, "then": {}}}},
        {"patternProperties": {"^a": {}}, "additionalProperties": False},
        {"prefixItems": [{}], "items": {}},
        {"$ref": "https://example.com/other.json"},
    ],
)
def test_what_it_does_not_know_is_left_to_jsonschema(schema):
    with pytest.raises(UnsupportedKeywordError):
        fits({"a": 1}, schema, schema)


def test_no_pattern_lets_a_line_break_through_at_the_end():
    assert compiled("^[a-z]+$").search("name")
    assert not compiled("^[a-z]+$").search("name\n")
    assert compiled(r"cost\$").search("cost$ more")
