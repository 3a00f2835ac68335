"""The stand-in's own parts: its knowledge of types, and what always holds of managed fields."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mldeploy_sandbox.kubernetes.fields.managers import APPLY, Writer, applied, managed_fields_of, read_managers
from mldeploy_sandbox.kubernetes.fields.paths import from_fields_v1, shown, to_fields_v1
from mldeploy_sandbox.kubernetes.rules.pods import amount
from mldeploy_sandbox.kubernetes.schema.condense import condense
from mldeploy_sandbox.kubernetes.schema.types import TYPES_FILE, schema_of
from mldeploy_sandbox.kubernetes.selectors import matches_labels, matches_text
from mldeploy_sandbox.kubernetes.status import ApiError

pytestmark = pytest.mark.req("Q7")

SCHEMA = schema_of("apps/v1", "Deployment")
MANAGERS = ("mldeploy", "other", "third")
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["1", "2"])
CONTAINERS = st.dictionaries(
    NAMES, st.fixed_dictionaries({}, optional={"image": VALUES, "workingDir": VALUES}), min_size=1, max_size=3
)
CONFIGURATIONS = st.builds(
    lambda replicas, labels, containers: {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", **({"labels": labels} if labels else {})},
        "spec": {
            **({"replicas": replicas} if replicas is not None else {}),
            "template": {"spec": {"containers": [{"name": name, **rest} for name, rest in containers.items()]}},
        },
    },
    st.none() | st.integers(0, 2),
    st.dictionaries(NAMES, VALUES, max_size=2),
    CONTAINERS,
)


def test_the_types_are_those_of_the_published_schemas() -> None:
    schemas = files("kubernetes_validate") / "kubernetes-json-schema" / "v1.36.0-local" / "_definitions.json"
    published = json.loads(schemas.read_text(encoding="utf-8"))["$defs"]
    assert condense(published) == json.loads(TYPES_FILE.read_text(encoding="utf-8"))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MANAGERS), CONFIGURATIONS, st.booleans()), min_size=1, max_size=5))
def test_whatever_is_applied_the_managers_tell_the_truth(writes: list[tuple[str, dict[str, Any], bool]]) -> None:
    live: dict[str, Any] = {}
    for manager, configuration, force in writes:
        writer = Writer(manager=manager, operation=APPLY, api_version="apps/v1")
        wanted = managed_fields_of(configuration, SCHEMA, writer)
        try:
            live = applied(live, configuration, SCHEMA, writer, now="2026-01-01T00:00:00Z", force=force)
        except ApiError:
            assert not force
            continue
        present = managed_fields_of(live, SCHEMA, writer)
        assert wanted.items() <= present.items()  # what was applied is what is there
        owners = read_managers(live)
        assert owners[writer].fields == frozenset(wanted) if wanted else writer not in owners
        for owned in owners.values():
            assert owned.fields <= set(present)  # nobody owns what is not there
        assert set(present) <= set().union(*(owned.fields for owned in owners.values()))  # and nothing is left behind
        again = applied(live, configuration, SCHEMA, writer, now="2027-01-01T00:00:00Z", force=False)
        assert again == live


def test_fields_are_written_and_read_back() -> None:
    tree = {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}}, "f:paused": {}}}
    paths = from_fields_v1(tree)
    assert to_fields_v1(paths) == tree
    assert sorted(map(shown, paths)) == [
        '.spec.containers[name="a"]',
        '.spec.containers[name="a"].image',
        ".spec.paused",
    ]


@pytest.mark.parametrize(
    ("quantity", "value"), [("500m", 0.5), ("2", 2), (3, 3), ("1Gi", 2**30), ("1.5k", 1500), ("1e3", 1000), ("2M", 2e6)]
)
def test_quantities(quantity: Any, value: float) -> None:
    assert amount(quantity) == pytest.approx(value)


def test_selectors_agree_in_both_forms() -> None:
    labels = {"app": "web", "tier": "front"}
    expressions = [
        {"key": "app", "operator": "In", "values": ["web", "api"]},
        {"key": "tier", "operator": "NotIn", "values": ["back"]},
        {"key": "gone", "operator": "DoesNotExist"},
    ]
    assert matches_labels({"matchExpressions": expressions}, labels)
    assert matches_text("app in (web,api),tier!=back,!gone", labels)
    assert matches_labels({}, labels)
    assert not matches_labels(None, labels)
    assert not matches_text("app=api", labels)
