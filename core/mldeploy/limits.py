"""The limit chain: the time and size that every hop of a request allows, and what is left for the inner ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mldeploy.errors import Problem

MARGIN_SECONDS = 1.0
"""What every hop needs beyond the hop behind it, to turn a late answer into one of its own."""

LEAST_SECONDS = 1.0
TIME_HINT = "write {most:g} or less; for longer predictions stream the answer or serve asynchronously"
SIZE_HINT = "write {most} or less; pass larger inputs by their address in S3 or serve asynchronously"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One hop of the request path.

    - `depth`: 0 is what the caller talks to; larger is further in (10 gateway, 20 function, 30 endpoint).
    - `seconds`: the longest time the hop can wait for an answer; `max_bytes`: the largest request body it passes.
    - `wanted_seconds` and `path`: what release.yaml asks for, and where, if it says something.
    - `source`: the page or issue where the limits are written.
    """

    name: str
    depth: int
    seconds: float
    max_bytes: int
    source: str
    wanted_seconds: float | None = None
    path: tuple[str | int, ...] = ()

    @property
    def waits(self) -> float:
        """The seconds after which this hop really gives up: what release.yaml asks for, within its limit."""
        return self.seconds if self.wanted_seconds is None else min(self.seconds, self.wanted_seconds)


@dataclass(frozen=True, slots=True)
class Chain:
    """The hops of a request, outermost first."""

    hops: tuple[Hop, ...] = ()

    @classmethod
    def of(cls, hops: Iterable[Hop]) -> Chain:
        """Order hops from the caller inwards."""
        return cls(tuple(sorted(hops, key=lambda hop: (hop.depth, hop.name))))

    @property
    def seconds(self) -> float:
        """The longest answer a caller can get, in seconds."""
        return min((hop.waits for hop in self.hops), default=float("inf"))

    @property
    def max_bytes(self) -> float:
        """The largest request body that reaches the model, in bytes."""
        return min((hop.max_bytes for hop in self.hops), default=float("inf"))

    def budget(self, name: str) -> float:
        """Return the seconds that a hop may take so that every hop before it can still answer; never below one.

        Raises:
            KeyError: no hop has this name.
        """
        place = next((index for index, hop in enumerate(self.hops) if hop.name == name), None)
        if place is None:
            raise KeyError(name)
        return max(LEAST_SECONDS, min(self._allows(index, place) for index in range(place + 1)))

    def problems(self, *, timeout_seconds: float | None = None, max_body_bytes: int | None = None) -> list[Problem]:
        """Return a problem for every wish that no request can ever use.

        Arguments:
            timeout_seconds, max_body_bytes: what `expose.timeoutSeconds` and `expose.maxBodyBytes` ask for.
        """
        found = list(self._unreachable_waits())
        asked = ("expose", "timeoutSeconds")
        if timeout_seconds is not None and timeout_seconds > self.seconds and asked not in {p.path for p in found}:
            hop = min(self.hops, key=lambda hop: hop.waits)
            found.append(_too_long(asked, timeout_seconds, hop, hop.waits))
        if max_body_bytes is not None and max_body_bytes > self.max_bytes:
            found.append(_too_large(max_body_bytes, min(self.hops, key=lambda hop: hop.max_bytes)))
        return found

    def _unreachable_waits(self) -> Iterator[Problem]:
        for place, hop in enumerate(self.hops):
            if hop.wanted_seconds is None:
                continue
            bounds = [hop.seconds if i == place else self._allows(i, place) for i in range(len(self.hops))]
            most = min(bounds)
            if hop.wanted_seconds > most:
                yield _too_long(hop.path, hop.wanted_seconds, self.hops[bounds.index(most)], most)

    def _allows(self, index: int, place: int) -> float:
        """Return the seconds that one hop leaves to another: fewer to those behind it, more to those before it."""
        return self.hops[index].waits - (place - index) * MARGIN_SECONDS


def _too_long(path: tuple[str | int, ...], wanted: float, hop: Hop, most: float) -> Problem:
    message = (
        f"{'.'.join(map(str, path))}: no answer can take {wanted:g} s, because {hop.name} stops waiting"
        f" after {hop.waits:g} s ({hop.source})"
    )
    return Problem(message=message, path=path, hint=TIME_HINT.format(most=max(LEAST_SECONDS, most)))


def _too_large(wanted: int, hop: Hop) -> Problem:
    path = ("expose", "maxBodyBytes")
    message = (
        f"{'.'.join(path)}: no request of {wanted} bytes gets through, because {hop.name} takes"
        f" {hop.max_bytes} bytes ({hop.source})"
    )
    return Problem(message=message, path=path, hint=SIZE_HINT.format(most=hop.max_bytes))
