"""Requests that have broken services of this kind, as tables: what is sent, and what may come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CANARY = "s3cr3t-canary"
"""A word in the bodies that may appear neither in an answer nor in the log."""

REFUSALS = frozenset({400, 406, 411, 413, 415, 417, 422, 431})
"""What a bad request may be answered with; anything in the 500s is a mistake of the service."""

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Poison:
    """One request.

    - `predictions`: what a 200 must hold; None means that a 200 is wrong.
    - `refusable`: a refusal is right, too, because the standards leave it open.
    """

    name: str
    body: bytes
    content_type: str | None = JSON
    predictions: list[Any] | None = None
    refusable: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def refused(content_type: str | None, bodies: dict[str, bytes]) -> list[Poison]:
    """Return the rows of requests that no service may accept."""
    return [Poison(name, body, content_type) for name, body in bodies.items()]


def accepted(predictions: list[Any], bodies: dict[str, bytes], *, refusable: bool = False) -> list[Poison]:
    """Return the rows of JSON requests that look odd and are right, with what they get."""
    return [Poison(name, body, JSON, predictions, refusable) for name, body in bodies.items()]
