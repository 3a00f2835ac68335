"""Broken variants of the sample: each is refused with its place, the line with a caret, a reason and a remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

VARIANTS = yaml.safe_load(Path(__file__).with_name("broken_files.yaml").read_text("utf-8"))


@pytest.mark.req("3.11", "M2")
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant["by"])
def test_a_broken_file_is_explained(sample, refused, variant):
    assert sample.count(variant["replace"]) == 1
    text = sample.replace(variant["replace"], variant["by"])
    error, shown = refused(text)
    start = f"release.yaml:{variant['at']}: error: "
    block = next((block for block in re.split(r"\n(?=release\.yaml:)", shown) if block.startswith(start)), shown)
    first, source, caret, hint = block.split("\n")[:4]
    assert variant["says"] in first, shown
    line, column = map(int, variant["at"].split(":"))
    assert source == f"  {line} | {text.splitlines()[line - 1]}"
    assert caret.rstrip().endswith("^")
    assert caret.index("^") >= len(f"  {line} | ") + column - 1
    assert hint.startswith("  try: ")
    assert variant["try"] in hint
    assert error.exit_code == 3


def test_all_errors_are_shown_in_the_order_of_the_file(sample, refused):
    text = sample.replace("count: 1", "count: 0").replace("ttl: 3600", "ttl: x").replace("name: sentiment", "name: S")
    error, shown = refused(text)
    assert error.message == "release.yaml has 4 errors"
    places = re.findall(r"^release\.yaml:(\d+):(\d+)", shown, re.MULTILINE)
    assert places == [("1", "7"), ("1", "7"), ("5", "10"), ("10", "8")]


@pytest.mark.req("3.9")
def test_the_sample_is_valid(sample, load):
    release = load(sample).release
    assert release.name == "sentiment"
    assert release.value("instance.volumeSizeInGB") == 50
    assert release.value("cache.enabled") is True


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        ("", "the file is empty", "mldeploy init"),
        ("# only a comment\n", "the file is empty", "mldeploy init"),
        ("---\n", "the file is empty", "mldeploy init"),
        ("name:sentiment", "found the text 'name:sentiment'", "a space after the colon"),
        ("- name", "expected keys with values, found a list", "key: value"),
        ("{}", "'name' is missing", "add `name: sentiment`"),
    ],
)
def test_a_file_that_is_no_mapping(refused, text, said, remedy):
    _, shown = refused(text)
    assert said in shown
    assert remedy in shown
    assert re.match(r"release\.yaml:\d:1: error: ", shown)


def test_a_long_value_is_not_echoed(sample, refused):
    _, shown = refused(sample.replace("count: 1", "count: " + "x" * 5000))
    assert max(map(len, shown.splitlines())) < 200


def test_a_thousand_errors_are_cut(sample, refused):
    _, shown = refused(sample + "".join(f"key{n}: 1\n" for n in range(1000)))
    assert shown.count("unknown key") == 50
    assert shown.endswith("… and 950 more")
