"""The rules by subject, in the order in which they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mldeploy_contract.rules import bodies, health, invocations, resources, start, stop

if TYPE_CHECKING:
    from mldeploy_contract.rule import Rule

BOOKS = (start.BOOK, invocations.BOOK, health.BOOK, bodies.BOOK, stop.BOOK, resources.BOOK)


def all_rules() -> Iterator[Rule]:
    """Yield every rule, in the order in which they are judged."""
    for book in BOOKS:
        yield from book.rules
