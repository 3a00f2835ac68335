"""What the author of a plugin writes: a release that uses it, and what is left of it after destroy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from mldeploy.testing import PluginContract

RELEASE = """\
name: greeter
type: shelf
expose: {gateway: shelf, auth: {apiKey: false, jwt: false}}
verify:
  requests:
    - {body: {instances: [hello]}, expect: {contains: world}}
"""


class TestShelf(PluginContract):
    plugin = "shelf"
    releases = (RELEASE, f"{RELEASE}shelf: {{folder: board, answers: other.json}}\n")
    lifecycle = True

    def make_project(self, folder: Path) -> None:
        for name in ("answers.json", "other.json"):
            (folder / name).write_text(json.dumps({"hello": "world"}))

    def leftovers(self, folder: Path) -> Iterable[str]:
        return (path.name for path in (folder / "shelf").iterdir())
