from __future__ import annotations

import time
from pathlib import Path

import pytest

from mldeploy.errors import ReleaseError
from mldeploy.yaml.positions import parse_document, read_document


def problems_of(text):
    with pytest.raises(ReleaseError) as caught:
        parse_document(text, "release.yaml")
    return [(p.position.line, p.position.column, p.message) for p in caught.value.problems]


def test_every_value_and_key_knows_its_place():
    document = parse_document("# note\na: 1\nb:\n  c: [x, {d: y}]\n  e:\n  - f: z\n", "r.yaml")
    assert document.value == {"a": 1, "b": {"c": ["x", {"d": "y"}], "e": [{"f": "z"}]}}
    places = {path: (at.line, at.column) for path, at in document.positions.items()}
    assert places[("a",)] == (2, 4)
    assert places[("b",)] == (3, 1), "a block stands where its key is"
    assert places[("b", "c")] == (4, 6), "a flow list stands where it begins"
    assert places[("b", "c", 1, "d")] == (4, 14)
    assert places[("b", "e", 0)] == (6, 5)
    assert {path: (at.line, at.column) for path, at in document.keys.items()}[("b", "e")] == (5, 3)


def test_columns_count_characters_not_bytes():
    document = parse_document('{"日本": é, b: 1}', "r.yaml")
    assert document.positions[("b",)].column == 14


def test_a_byte_order_mark_is_no_character(tmp_path):
    file = tmp_path / "release.yaml"
    file.write_bytes(b"\xef\xbb\xbfname: x\r\nteam: y\r\n")
    document = read_document(file)
    assert document.value == {"name": "x", "team": "y"}
    assert str(document.positions[("team",)]).endswith(":2:7")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\na: 2\n", 2, 1, "the key 'a' is there twice"),
        ("{a: {b: 1, b: 2}}", 1, 12, "the key 'b' is there twice"),
        ("a: &x 1\n", 1, 4, "anchors are not supported: &x"),
        ("a: *x\n", 1, 4, "aliases are not supported: *x"),
        ("<<: {a: 1}\n", 1, 1, "merge keys are not supported"),
        ("a: !!int '3'\n", 1, 4, "tags are not supported"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, 4, "tags are not supported"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
        ("%YAML 1.1\n---\na: 1\n", 1, 1, "directives are not supported"),
        ("? [a]\n: 1\n", 1, 3, "a key has to be a plain text"),
        ("a: .inf\n", 1, 4, "not JSON"),
        ('a: "\\ud800"\n', 1, 4, "surrogate"),
        ('a: "\\Uffffffff"\n', 1, 7, "out of range"),
        ("%YAML " + "9" * 5000 + ".1\n---\n", 1, 7, "out of range"),
        ("a:\n\tb: 1\n", 2, 1, "not YAML"),
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ('a: "x\n', 2, 1, "not YAML"),
        ("a: [1, 2\nb: 3\n", 2, 2, "not YAML"),
        ("a: 1\n b: 2\n", 2, 3, "not YAML"),
        ("a:\n  b: 1\n  - c\n", 3, 3, "not YAML"),
        ("a: @x\n", 1, 4, "not YAML"),
        ("a: x\x07y\n", 1, 5, "control character U+0007"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(text, line, column, words):
    found = problems_of(text)
    assert any(words in message and (at_line, at_column) == (line, column) for at_line, at_column, message in found), (
        found
    )


def test_all_readable_problems_are_reported_together():
    assert [line for line, _, _ in problems_of("a: &x 1\nb: *x\na: 2\n")] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 250_000,
        "{" * 250_000,
        "? " * 120_000,
        "- " * 120_000,
        "\n".join(" " * depth + "a:" for depth in range(600)),
        "a: " + "[[" * 40,
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [*{p},*{p},*{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
        "\n".join(f"k{n}: v" for n in range(20_000)),
    ],
    ids=["brackets", "braces", "complex-keys", "dashes", "indents", "flow", "alias-bomb", "many-keys"],
)
def test_hostile_files_end_fast_with_a_place(text):
    start = time.process_time()
    assert problems_of(text)
    assert time.process_time() - start < 10, "seconds of CPU; unbounded, the first one takes minutes"


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"name: x\nteam: \xff\n", ":2:7", "byte 0xff is not UTF-8"),
        ("name: x".encode("utf-16"), ":1:1", "not UTF-8"),
        ("name: a\u2028type: b".encode(), ":1:8", "U+2028"),
        (b"#" * 300_000, ":1:1", "larger than 256 KiB"),
        (b"\x00", ":1:1", "control character U+0000"),
    ],
)
def test_bytes_that_are_no_release_file(tmp_path, data, place, words):
    file = tmp_path / "release.yaml"
    file.write_bytes(data)
    with pytest.raises(ReleaseError) as caught:
        read_document(file)
    (problem,) = caught.value.problems
    assert words in problem.message
    assert str(problem.position).endswith(place)
    assert problem.hint


def test_missing_file_and_folder_say_what_to_try(tmp_path):
    with pytest.raises(ReleaseError, match="does not exist") as missing:
        read_document(tmp_path / "release.yaml")
    assert "mldeploy init" in missing.value.hint
    with pytest.raises(ReleaseError, match="is a folder") as folder:
        read_document(tmp_path)
    assert "release.yaml" in folder.value.hint


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(ReleaseError) as caught:
        read_document(Path("/dev/zero"))
    assert "larger than" in caught.value.problems[0].message
