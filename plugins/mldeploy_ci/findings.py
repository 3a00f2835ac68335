"""One finding of the lint: a rule that is broken, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mldeploy.errors import Problem
from mldeploy.findings import problem_to_json

if TYPE_CHECKING:
    from mldeploy.errors import Position
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import Document, KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule.

    - `rule`: its name, which `--exclude` takes: `unknown-argument`, `RC008`, `schema`.
    - `path`: the keys that lead to the value.
    - `about_key`: the key is wrong, or what is below it is incomplete; else it is the value.
    """

    rule: str
    message: str
    path: KeyPath
    hint: str = ""
    about_key: bool = False
    severity: Literal["error", "warning"] = "error"
    position: Position | None = None

    def located(self, document: Document) -> Finding:
        """Return the finding with the place of its path, or of the nearest path around it."""
        return Finding(
            rule=self.rule,
            message=self.message,
            path=self.path,
            hint=self.hint,
            severity=self.severity,
            position=self.position or self._place(document),
        )

    def problem(self) -> Problem:
        """Return the finding as the problem that `mldeploy.findings.render` shows."""
        message = f"{self.message} [{self.rule}]"
        return Problem(message=message, path=self.path, hint=self.hint, severity=self.severity, position=self.position)

    def to_json(self) -> Mapping[str, JSON]:
        """Return the finding as JSON data."""
        plain = Problem(
            message=self.message, path=self.path, hint=self.hint, severity=self.severity, position=self.position
        )
        return {"rule": self.rule, **problem_to_json(plain)}

    def _place(self, document: Document) -> Position | None:
        if self.about_key and self.path in document.keys:
            return document.keys[self.path]
        paths = (self.path[:length] for length in range(len(self.path), -1, -1))
        return next((document.positions[path] for path in paths if path in document.positions), None)
