from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from mldeploy.yaml.positions import parse_document
from mldeploy.yaml.writing import to_yaml

WORDS = ["no", "yes", "on", "0o17", "017", "1e3", "12:30:45", "2024-12-01", "~", "null", ".inf", "0x1f", "#x"]
TRAPS = [*WORDS, "", "- a", "a: b", "9" * 60]
TEXTS = st.sampled_from(TRAPS) | st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\u2028\u2029\ufeff"), max_size=12
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_back_the_same_by_both_versions_of_yaml(value):
    text = to_yaml({"value": value})
    assert parse_document(text, "written.yaml").value == {"value": value}
    assert yaml.safe_load(text) == {"value": value}


def test_equal_parts_are_written_twice():
    part = {"a": [1]}
    assert "&" not in to_yaml([part, part])
