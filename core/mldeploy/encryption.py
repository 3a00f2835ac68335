"""Which key protects what a release stores, and what protects it on the way: a table for reviewers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from mldeploy.model import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """How one step's data is protected.

    - `step`: the id of the step.
    - `at_rest`: the key, in words, or why there is nothing to encrypt.
    - `in_transit`: the protocol, in words.
    - `weak`: reviewers should look at this row.
    """

    step: str
    at_rest: str
    in_transit: str
    weak: bool = False


def encryption_json(rows: Iterable[Encryption]) -> list[JSON]:
    """Return the table as JSON data, weak rows first."""
    return [asdict(row) for row in sorted(rows, key=lambda row: (not row.weak, row.step))]
