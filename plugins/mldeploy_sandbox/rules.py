"""The register of rules: what AWS refuses and moto does not, each with the page or issue that says so.

A rule is declared once, beside the code that enforces it, and the refusal is raised through it. The fidelity table and
the request log name rules by their id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mldeploy_sandbox.plane import AwsError

_declared: dict[str, Rule] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    - `id`: kebab case, begins with the service, such as `sagemaker-name-taken`.
    - `operations`: `service:Operation`, where it is enforced.
    - `says`: one sentence for people.
    - `source`: addresses of the page, issue or service model that it was taken from.
    """

    id: str
    operations: tuple[str, ...]
    says: str
    source: str

    def refusal(self, code: str, message: str, status: int = 400) -> AwsError:
        """Return the error that AWS answers with, to be raised.

        Arguments:
            code: AWS's error code, such as ResourceConflictException.
            status: used unless the service model names another one for the code.
        """
        error = AwsError(code, message, status)
        error.rule = self.id
        return error


def declare(id: str, *operations: str, says: str, source: str) -> Rule:  # noqa: A002 - the rule's own word for it
    """Declare a rule when its module is loaded.

    Raises:
        ValueError: another rule has this id.
    """
    if id in _declared:
        message = f"two sandbox rules are called {id}"
        raise ValueError(message)
    rule = _declared[id] = Rule(id=id, operations=operations, says=says, source=source)
    return rule


def declared_rules() -> Iterable[Rule]:
    """Return the rules of all modules loaded so far, by id."""
    return [_declared[key] for key in sorted(_declared)]
