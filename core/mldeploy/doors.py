"""What the handles behind `context.provider(kind)` can do, for the kinds that the core's own commands use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mldeploy.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock of an environment; times are ISO 8601 in UTC."""

    who: str
    host: str
    pid: int
    command: str
    since: str
    expires: str


class StateStore(Protocol):
    """The door `state`: where release records live and runs exclude each other."""

    def records(self) -> list[Record]:
        """Return the records that are kept, oldest first."""

    def save(self, record: Record) -> None:
        """Write one record whole."""

    def forget(self, number: int) -> None:
        """Drop the record of one release; dropping what is not there is fine."""

    def lock(self, command: str) -> AbstractContextManager[None]:
        """Hold the environment for one run; raises RefusedError naming the holder."""

    def holder(self) -> Holder | None:
        """Return who holds the lock."""

    def unlock(self) -> None:
        """Take the lock away from its holder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Caller(Protocol):
    """The door `caller`: sends requests to the exposed service as a client would."""

    @property
    def url(self) -> str:
        """The address that predictions are posted to."""

    def credentials(self) -> Mapping[str, str]:
        """Return the headers that let a caller in; the values are secrets."""

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a body with exactly these headers; transport failures raise DeployError."""


@runtime_checkable
class SignsIn(Protocol):
    """A caller that can let a person sign in, instead of a machine."""

    def sign_in(self, announce: Callable[[str], None]) -> Mapping[str, str]:
        """Return the headers of a person who signs in at the announced address; the values are secrets."""


class LogSource(Protocol):
    """The door `logs`: what the deployed parts have printed."""

    def lines(self, *, since_seconds: float, follow: bool) -> Iterator[LogLine]:
        """Yield log lines by time; with `follow`, go on until interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a log: ISO 8601 time in UTC, the part that wrote it, and the text."""

    time: str
    source: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCause:
    """Something that is wrong: a code for programs, what it means, the words that prove it, and what to do."""

    code: str
    says: str
    evidence: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was looked at, how it is, and what is wrong with it, the most telling cause first."""

    subject: str
    status: str
    causes: tuple[NamedCause, ...]


class Diagnostician(Protocol):
    """The door `diagnosis`: why what was deployed last does not serve."""

    def diagnose(self, record: Record) -> Diagnosis:
        """Look, change nothing, and name the causes."""


HOURS_PER_MONTH = 730
"""The month that AWS's own calculator uses: 365 days times 24 hours by 12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedType:
    """An instance type with its price in US dollars per hour.

    The price is None where none is known, and `estimated` where it was derived.
    """

    name: str
    vcpus: int
    memory_gib: float
    dollars_per_hour: float | None
    estimated: bool = False


class PriceList(Protocol):
    """The door `prices`: what things cost, from a dated snapshot."""

    @property
    def date(self) -> str:
        """The day of the snapshot, ISO 8601."""

    def instance_types(self, region: str) -> Sequence[PricedType]:
        """Return the instance types of a region that we know."""
