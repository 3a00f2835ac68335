"""Which media types a request may have and a response can have.

What is possible depends on the model: a text has no numeric array, a nested list no CSV. It is read off the JSON
schemas of `Instance` and `Prediction`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service import binary_arrays, comma_separated, json_lines
from service.messages import encode_json, parse_json
from service.problems import Problem

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = "application/jsonlines"
NPY = "application/x-npy"

ALIASES = {"application/jsonl": JSON_LINES, "application/x-ndjson": JSON_LINES, "application/x-jsonlines": JSON_LINES}

Decode = Callable[[bytes], list[Any]]
Encode = Callable[[list[Any]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one media type is read and written; None where this model cannot be."""

    decode: Decode | None
    encode: Encode | None


FORMATS = {
    JSON: Format(decode=parse_json, encode=encode_json),
    CSV: Format(decode=comma_separated.decoder(), encode=comma_separated.encoder()),
    JSON_LINES: Format(decode=json_lines.decode, encode=json_lines.encode),
    NPY: Format(decode=binary_arrays.decoder(), encode=binary_arrays.encoder()),
}

READABLE = [name for name, form in FORMATS.items() if form.decode]
WRITABLE = [name for name, form in FORMATS.items() if form.encode]


def decoder(content_type: str) -> Decode:
    """Return what reads a body of this Content-Type; without one it is JSON.

    Raises:
        Problem: 415.
    """
    name = content_type.partition(";")[0].strip().lower() or JSON
    known = FORMATS.get(ALIASES.get(name, name))
    if known and known.decode:
        return known.decode
    reason = "is not possible for the instances of this model" if known else "is not known here"
    detail = f"This Content-Type {reason}. Possible: {', '.join(READABLE)}."
    raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers={"accept": ", ".join(READABLE)})


def encoder(name: str) -> Encode:
    """Return what writes a media type that `choose` returned."""
    encode = FORMATS[name].encode
    if encode is None:
        raise LookupError(name)
    return encode


def choose(accept: str, offered: list[str] = WRITABLE) -> str:
    """Return the media type for the response that the Accept header likes best; without one it is JSON.

    Raises:
        Problem: 406.
    """
    for wanted in _by_preference(accept or "*/*"):
        wanted = ALIASES.get(wanted, wanted)
        for name in offered:
            if wanted in (name, "*/*", f"{name.partition('/')[0]}/*"):
                return name
    raise Problem(
        HTTPStatus.NOT_ACCEPTABLE, f"None of the types in Accept is possible. Possible: {', '.join(offered)}."
    )


def _by_preference(accept: str) -> list[str]:
    """Return the media types of an Accept header, the preferred first (RFC 9110, 12.5.1)."""
    weighted = []
    for part in accept.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            quality = float(weight)
        except ValueError:
            quality = 0.0
        if quality > 0:
            weighted.append((quality, name))
    return [name for _, name in sorted(weighted, key=lambda item: -item[0])]
