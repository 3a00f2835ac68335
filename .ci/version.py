"""Print the version of this checkout, after checking that it is the same everywhere.

Usage: `python .ci/version.py [--tag vX.Y.Z] [FOLDER]`; a tag has to name the version, and CHANGELOG.md has to
tell about it. Ends with 1 and one line per difference.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

SOURCE = "core/mldeploy/__init__.py"
"""The one place where the version is written; the rest follows it or is checked."""
PIN = re.compile(r"\bmldeploy==(\d+\.\d+\.\d+)")
PINNED_IN = ("orb", "README.md", "docs")


def version_of(root: Path) -> str:
    """Return the version that the source says, without importing it."""
    for node in ast.parse((root / SOURCE).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__version__"]:
            return str(ast.literal_eval(node.value))
    message = f"{SOURCE} has no __version__"
    raise SystemExit(message)


def differences(root: Path, version: str) -> Iterator[str]:
    """Yield where another version is written."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if project.get("version", version) != version:
        yield f"pyproject.toml: version {project['version']}, not {version}"
    for path in sorted(file for name in PINNED_IN for file in [root / name, *(root / name).rglob("*")]):
        if path.is_file() and path.suffix in {".yml", ".md", ".sh"}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if any(pin != version for pin in PIN.findall(line)):
                    yield f"{path.relative_to(root)}:{number}: {line.strip()}"


def release_problems(root: Path, version: str, tag: str) -> Iterator[str]:
    """Yield what keeps a tag from being a release of this version."""
    if tag != f"v{version}":
        yield f"the tag is {tag}, and the version {version}"
    if not re.search(rf"^## {re.escape(version)}\b", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE):
        yield f"CHANGELOG.md has no section {version}"
    fragments = [path.name for path in (root / "changelog.d").glob("*.*.md")]
    if fragments:
        yield f"changelog.d still holds {', '.join(sorted(fragments))}"


def main() -> int:
    """Check and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, nargs="?", default=Path(__file__).parents[1])
    parser.add_argument("--tag", default="")
    given = parser.parse_args()
    version = version_of(given.root)
    found = [*differences(given.root, version)]
    if given.tag:
        found += release_problems(given.root, version, given.tag)
    for line in found:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"{version}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
