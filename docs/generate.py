"""Write the reference pages and the composed schema from the source.

Usage: `python docs/generate.py` writes what has changed; with `--check` it only names it, and ends with 1 when there is
something.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from generators.commands import commands_page
from generators.container_contract import container_contract_page
from generators.exit_codes import exit_codes_page
from generators.hooks import hooks_page
from generators.release_keys import built_in, release_keys_page
from generators.sandbox_fidelity import sandbox_fidelity_page

from mldeploy.schema import composed_schema, schema_text

CHECKOUT = Path(__file__).parents[1]
REFERENCE = Path("docs/reference")


def main(arguments: list[str]) -> int:
    """Write or check; return 1 when a checked file is not current."""
    stale = {path: text for path, text in pages().items() if _content(CHECKOUT / path) != text}
    check = "--check" in arguments
    for path, text in stale.items():
        sys.stdout.write(f"{'not current' if check else 'written'}: {path}\n")
        if not check:
            (CHECKOUT / path).write_text(text, encoding="utf-8")
    return int(check and bool(stale))


def pages() -> Mapping[Path, str]:
    """Return path → content of every generated file."""
    return {
        REFERENCE / "cli.md": commands_page(),
        REFERENCE / "container-contract.md": container_contract_page(),
        REFERENCE / "exit-codes.md": exit_codes_page(),
        REFERENCE / "hooks.md": hooks_page(),
        REFERENCE / "release-yaml.md": release_keys_page(),
        REFERENCE / "sandbox-fidelity.md": sandbox_fidelity_page(),
        Path("schemas/release.schema.json"): schema_text(composed_schema(built_in().schema_fragments())),
    }


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
