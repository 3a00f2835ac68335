"""`.dockerignore` means what it means to Docker: patterns start at the root, and the last one that matches decides.

The cases follow https://docs.docker.com/build/concepts/context/#dockerignore-files and the tests of
https://github.com/moby/patternmatcher.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.errors import UsageError
from mldeploy_container.context_files import context_files
from mldeploy_container.docker_ignore import IgnoreRules


@pytest.mark.parametrize(
    ("lines", "left_out", "left_in"),
    [
        ("temp", ["temp", "temp/a", "temp/a/b"], ["a/temp", "temporary"]),
        ("/temp/", ["temp/a"], ["a/temp"]),
        ("*/temp*", ["a/temporary.txt", "a/temp/b"], ["temp", "a/b/temp"]),
        ("temp?", ["tempa", "tempb/c"], ["temp", "temp/a", "tempab"]),
        ("*.md", ["README.md"], ["docs/README.md"]),
        ("**/*.go", ["a.go", "a/b/c.go"], ["a.gov"]),
        ("**go", ["go", "a/b/go"], ["cargo"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c/d"], ["a/bc"]),
        ("[a-c].txt", ["b.txt"], ["d.txt"]),
        ("[^a-c].txt", ["d.txt"], ["b.txt"]),
        (r"\[a].txt", ["[a].txt"], ["a.txt"]),
        ("a.txt", ["a.txt"], ["aXtxt"]),
        ("./a/../b", ["b"], ["a"]),
        ("# b\n\nb", ["b"], ["# b"]),
        ("*.md\n!README.md", ["OTHER.md"], ["README.md"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["README-secret.md"], ["README-open.md"]),
        ("*\n! service", ["train.py", "data/a.csv"], ["service", "service/server.py"]),
    ],
)
def test_a_pattern_means_what_it_means_to_docker(lines: str, left_out: list[str], left_in: list[str]) -> None:
    rules = IgnoreRules(lines.splitlines())
    assert {path: rules.leave_out(path) for path in (*left_out, *left_in)} == {
        **dict.fromkeys(left_out, True),
        **dict.fromkeys(left_in, False),
    }


@pytest.mark.parametrize("line", ["[z-a]", "a[b"])
def test_what_docker_refuses_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="is not a pattern"):
        IgnoreRules([line])


def test_caches_and_environments_are_out_at_any_depth_and_links_are_followed(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for file in ("a.py", "b/c.py", ".git/config", ".venv/x", "b/__pycache__/c.pyc", "b/.git/config"):
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).touch()
    elsewhere.mkdir()
    (elsewhere / "d.py").touch()
    (project / "linked").symlink_to(elsewhere)
    (project / "b" / "around").symlink_to(project)
    (project / ".dockerignore").write_text("!.git\n")
    found = [path.relative_to(project).as_posix() for path in context_files(project)]
    assert found == [".dockerignore", "a.py", "b/c.py", "linked/d.py"]
