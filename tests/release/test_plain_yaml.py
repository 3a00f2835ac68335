"""The reader without PyYAML agrees with PyYAML's on every text that it takes, and takes the files that people write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mldeploy.errors import ReleaseError
from mldeploy.yaml.building import Builder
from mldeploy.yaml.plain import NotPlainError, PlainReader

HERE = Path(__file__).parent
SCALARS = st.sampled_from(
    ["a", "b c", "1", "-1", "+.5", "0x1f", "no", "null", "~", "''", '"x y"', "'it''s'", '"\\n"', "a: b", "a:b", "a:",
     "a #b", "a#b", "#b", "./m", "s3://b/k", "ml.m5.large", ".inf", "1e999", "9" * 50, "é", "日本", "-", "- a", "--",
     "[", "]", "{}",
     "[]", "[a, b]", "[a,b]", "[ a , 1 ]", "[a, ]", "[a: b]", "{a: b}", "{ a: 1, b: [x, {c: 'd'}] }", "{a: 1, a: 2}",
     "{a:1}", "{a: }", "[a] x", "[a]  # c", "'a' # c", "'a'#c", "*x", "&x 1", "!!int 3", "|", ">", "%x", "@x", "a\tb",
     "a\u2028b", "...", "---", "<<", "?", "? a", "a, b", "(a)", "a & b", "a 'b' c", "a  b ", "=", "2024-01-01"]
)  # fmt: skip
KEYS = st.sampled_from(["a", "b", "name", "1", "no", "x-y.z", "a b", "<<", "'q'", "-k", "é", ""])
LINES = st.builds(
    lambda indent, dash, key, colon, value: f"{' ' * indent}{dash}{key}{colon}{value}",
    st.integers(0, 5),
    st.sampled_from(["", "", "- ", "-", "-   "]),
    KEYS,
    st.sampled_from([": ", ": ", ":", ":  ", " : ", ""]),
    st.one_of(st.just(""), SCALARS),
)
ODD_LINES = st.sampled_from(["", "  ", "# note", "    # note", "---", "...", "%YAML 1.2", "\t", "- ", "a"])
TEXTS = st.lists(LINES | ODD_LINES, max_size=6).map("\n".join)


def assert_they_agree(text: str) -> bool:
    """Return whether the reader took the text; then PyYAML's must find the same values in the same places."""
    reader = PlainReader(text, "release.yaml")
    try:
        value = reader.value()
    except NotPlainError:
        return False
    whole = Builder(text, "release.yaml")
    assert repr(value) == repr(whole.value())  # repr: 1, 1.0 and True are equal and not the same, and so is the order
    assert reader.positions == whole.positions
    assert reader.keys == whole.keys
    return True


@given(TEXTS)
@example("a:\n  b: 1\n c: 2\n")
@example("- a: 1\n  b: 2\n- c\n")
@example("a:\n- b\n")
@example("a: b\n  c\n")
@example("a:\n  # note\n\n  b: {c: [d, 'e']} # note\n")
@example("a: # note\nb:\n")
def test_it_agrees_with_the_whole_reader(text: str) -> None:
    assert_they_agree(text)


@given(st.data())
def test_it_agrees_about_changed_release_files(data: st.DataObject) -> None:
    text = (HERE / "sample.yaml").read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 10)))
    with_change = text[:start] + data.draw(st.text(" :-#[]{},'\"\nab1&*!|>\t", max_size=4)) + text[end:]
    try:
        assert_they_agree(with_change)
    except ReleaseError as error:  # only the whole reader raises this: ours took what is wrong
        pytest.fail(f"{with_change!r}: {error.problems}")


@pytest.mark.parametrize("text", ["a:\n", "a: b\n", "- a: 1\n  b: [x, 'y']\n", "a:\n  - b: {c: d}\n    e: 1\n"])
def test_plain_files_are_taken(text: str) -> None:
    assert assert_they_agree(text)


def test_the_sample_is_taken() -> None:
    assert assert_they_agree((HERE / "sample.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("depth", [31, 32, 33, 5000])
def test_the_bound_of_depth_is_the_same(depth: int) -> None:
    assert assert_they_agree(f"a: {'[' * (depth - 1)}{']' * (depth - 1)}\n") == (depth <= 33)


@pytest.mark.parametrize(("items", "taken"), [(9_997, True), (9_998, False)])
def test_the_bound_of_size_is_the_same(items: int, *, taken: bool) -> None:
    assert assert_they_agree("a:\n" + "  - 1\n" * items) == taken


def test_a_plain_file_is_read_without_pyyaml(tmp_path: Path) -> None:
    file = tmp_path / "release.yaml"
    file.write_text("name: x\n")
    watch = (
        "import sys; from pathlib import Path; from mldeploy.yaml.positions import read_document;"
        "read_document(Path(sys.argv[1])); print('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", watch, file], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
