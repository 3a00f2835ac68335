"""Bodies at the edges: broken ones, and ones of the sizes where things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer, NoAnswerError
from mldeploy_contract.limits import MAX_BODY_BYTES
from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import CONTENT_TOO_LARGE, INVOKE_ENDPOINT, METRICS

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Bodies")
EDGES = (0, 1, MAX_BODY_BYTES - 1, MAX_BODY_BYTES)
ENDLESS_BYTES, PIECE_BYTES = 4 * MAX_BODY_BYTES, 65_536
DEPTH = 20_000
NOT_JSON = {
    "cut off": b'{"instances": [',
    "not UTF-8": b'{"instances": ["\xff\xfe"]}',
    "plain text": b"instances",
}
"""No reading of JSON takes these (RFC 8259)."""
ODD_JSON = {
    "null": b"null",
    "a number": b"1",
    "NaN": b'{"instances": [NaN]}',
    "1e400": b'{"instances": [1e400]}',
    "a lone surrogate": b'{"instances": ["\\ud800"]}',
    "a long integer": b'{"instances": [' + b"9" * 5000 + b"]}",
    "a key twice": b'{"instances": [], "instances": [[]]}',
    "deep nesting": b"[" * DEPTH + b"]" * DEPTH,
}
"""These a parser may take or refuse, and must not fail on."""


@BOOK.rule(
    "SM301",
    "A malformed body is refused with 4xx",
    reason="A 5xx for a caller's mistake counts as an error of the model, and sets off alarms and rollbacks.",
    source=METRICS,
    fix="catch the errors of parsing and validation and answer 400 or 422",
    need=Need.ANSWER,
)
def _refuses_malformed(trial: Trial) -> Outcome:
    if not trial.conditions.example.is_json:
        sent: Mapping[str, bytes] = {"cut off": trial.conditions.example.body[:-1], "noise": bytes(range(256))}
        wrong = {name: got for name, got in _send_all(trial, sent).items() if _is_failure(got)}
        return failed(_listed(wrong)) if wrong else passed(f"{len(sent)} bodies, no 5xx")
    got_malformed, got_odd = _send_all(trial, NOT_JSON), _send_all(trial, ODD_JSON)
    wrong = {name: got for name, got in got_malformed.items() if not (isinstance(got, int) and 400 <= got < 500)}
    wrong |= {name: got for name, got in got_odd.items() if _is_failure(got)}
    return failed(_listed(wrong)) if wrong else passed(f"{len(NOT_JSON) + len(ODD_JSON)} bodies, none fails it")


@BOOK.rule(
    "SM302",
    "Bodies of 0 bytes to 6 MiB are answered",
    reason="SageMaker passes on bodies of up to 6,291,456 bytes.",
    source=INVOKE_ENDPOINT,
    fix="take bodies of up to 6,291,456 bytes, or refuse them with 413 before they are in memory",
    need=Need.ANSWER,
)
def _answers_all_sizes(trial: Trial) -> Outcome:
    padded = trial.conditions.example.padded
    got = _send_all(trial, {_bytes(size): padded(size) for size in EDGES})
    return failed(_listed(got)) if any(_is_failure(one) for one in got.values()) else passed(_listed(got))


@BOOK.rule(
    "SM303",
    "A body that is too large is refused with 4xx",
    reason="SageMaker refuses these itself; whoever reaches the service otherwise could fill its memory.",
    source=CONTENT_TOO_LARGE,
    fix="count the bytes while they come, and answer 413 when there are more than 6,291,456",
    need=Need.ANSWER,
)
def _refuses_too_large(trial: Trial) -> Outcome:
    padded = trial.conditions.example.padded
    bodies: Mapping[str, Callable[[], bytes | Iterator[bytes]]] = {
        _bytes(MAX_BODY_BYTES + 1): lambda: padded(MAX_BODY_BYTES + 1),
        f"{_bytes(ENDLESS_BYTES)} in chunks": lambda: _pieces(trial.conditions.example.body),
    }
    got = {name: _send(trial, make()) for name, make in bodies.items()}
    if any(not isinstance(one, int) or not 400 <= one < 500 for one in got.values()):
        return failed(_listed(got))
    if isinstance(trial.usual, Answer) and trial.usual.status >= 400:
        return skipped(f"it refuses small bodies, too ({_listed(got)}); name a real request with --body")
    return passed(_listed(got))


def _pieces(start: bytes) -> Iterator[bytes]:
    """Yield a body without a declared length."""
    yield start
    for _ in range(ENDLESS_BYTES // PIECE_BYTES):
        yield b" " * PIECE_BYTES


def _send_all(trial: Trial, bodies: Mapping[str, bytes]) -> dict[str, int | str]:
    """Send bodies one after the other; after one that ended the service, the rest is left out."""
    got: dict[str, int | str] = {}
    for name, body in bodies.items():
        got[name] = _send(trial, body)
        if isinstance(got[name], str) and not trial.survives():
            break
    return got


def _send(trial: Trial, body: bytes | Iterator[bytes]) -> int | str:
    try:
        return trial.invoke(body).status
    except NoAnswerError as error:
        return str(error)


def _is_failure(got: int | str) -> bool:
    return not isinstance(got, int) or got >= 500


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size:,} bytes"


def _listed(got: Mapping[str, int | str]) -> str:
    return ", ".join(f"{name}: {one}" for name, one in got.items())
