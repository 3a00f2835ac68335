from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.errors import Position, Problem
from mldeploy.findings import problem_to_json, render


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Render one problem at a place of a one-line file."""
    monkeypatch.chdir(tmp_path)

    def shown(line, column, *, data=None):
        Path("r.yaml").write_bytes(line.encode() if data is None else data)
        position = Position(file="r.yaml", line=1, column=column)
        return render([Problem(message="wrong", hint="right", position=position)], colour=False)

    return shown


def test_a_problem_reads_like_a_compilers(shown):
    assert shown("count: 0", 8) == "r.yaml:1:8: error: wrong\n  1 | count: 0\n    |        ^\n  try: right"


def caret_column(text):
    """Return the terminal column of the caret, tabs every eight columns."""
    return text.split("\n")[2].expandtabs(8).index("^")


def test_the_caret_stands_below_the_character_after_tabs(shown):
    text = shown("\tcount: 0", 9)
    assert caret_column(text) == text.split("\n")[1].expandtabs(8).index("0")


@pytest.mark.parametrize(("before", "width"), [("日本: ", 6), ("e\u0301: ", 3), ("\uff37: ", 4), ("é: ", 3)])
def test_the_caret_counts_columns_not_characters(shown, before, width):
    assert caret_column(shown(f"{before}0", len(before) + 1)) == len("  1 | ") + width


def test_a_long_line_is_cut_around_the_caret(shown):
    _, source, caret, _ = shown("x" * 5000 + "HERE" + "y" * 5000, 5001).split("\n")
    assert len(source) < 120
    assert source[caret.index("^") :].startswith("HERE")


def test_a_line_cannot_steer_the_terminal(shown):
    assert "\x1b" not in shown("name: \x1b[31mred\x07", 7)
    assert "\N{REPLACEMENT CHARACTER}x: 0" in shown("\u200bx: 0", 5), "what is invisible is shown"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"only one line"])
def test_a_file_that_changed_meanwhile_still_shows_the_message(shown, data):
    assert "error: wrong" in shown("", 900, data=data)


def test_a_problem_without_place_or_file_is_shown_plainly():
    gone = Position(file="gone.yaml", line=3, column=1)
    text = render([Problem(message="a"), Problem(message="b", position=gone, severity="warning")], colour=False)
    assert text == "error: a\ngone.yaml:3:1: warning: b"


def test_colours_are_only_added_on_request():
    problem = Problem(message="wrong")
    assert "\x1b[" in render([problem])
    assert "\x1b[" not in render([problem], colour=False)


def test_json_has_everything_that_the_text_has():
    position = Position(file="release.yaml", line=4, column=9)
    problem = Problem(message="m", path=("verify", "requests", 0, "body"), hint="h", position=position)
    assert problem_to_json(problem) == {
        "severity": "error",
        "file": "release.yaml",
        "line": 4,
        "column": 9,
        "path": "verify.requests[0].body",
        "message": "m",
        "hint": "h",
    }
