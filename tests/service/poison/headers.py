"""Good bodies with bad headers, and bodies of types that nobody speaks."""

from __future__ import annotations

import gzip

from tests.service.poison import CANARY, JSON, Poison, refused
from tests.service.poison.json_documents import GOOD

LENGTH = [{"length": len(CANARY)}]

UNKNOWN_TYPES = (
    "text/plain",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/x-python-pickle",
    "application/json-patch+json",
    "application/vnd.api+json",
    "application/jsonx",
    "application/",
    "/",
    "json",
    "*/*",
    "application/json, text/plain",
    f"x/{CANARY}",
    "a" * 5_000,
)

ACCEPTED = {
    "capitals": (JSON.upper(), ()),
    "a character set": ("application/json; charset=utf-8", ()),
    "a quoted character set": ('application/json;charset="UTF-8"', ()),
    "any answer will do": (JSON, (("Accept", "*/*"),)),
    "an id of ten thousand letters": (JSON, (("X-Request-Id", "a" * 10_000),)),
    "an id that forges a log line": (JSON, (("X-Request-Id", f'","level":"FATAL","{CANARY}'),)),
    "an id beyond ASCII": (JSON, (("X-Request-Id", "\xe9\xff"),)),
    "a secret in a header": (JSON, (("Authorization", f"Bearer {CANARY}"), ("X-Api-Key", CANARY))),
    "another host": (JSON, (("X-Forwarded-Host", CANARY), ("Forwarded", f"for={CANARY}"))),
    "another method": (JSON, (("X-HTTP-Method-Override", "DELETE"),)),
}

REFUSABLE = {
    "a no-break space after the type": ("application/json\xa0", ()),
    "an id of terminal escapes": (JSON, (("X-Request-Id", "\x1b[2J"),)),
    "no content type": (None, ()),
    "another character set": ("application/json; charset=utf-16", ()),
    "an unknown character set": ("application/json; charset=nonsense", ()),
    "a parameter without a value": ("application/json;", ()),
    "an answer in HTML": (JSON, (("Accept", "text/html"),)),
    "an answer in nothing": (JSON, (("Accept", ""),)),
    "an answer of rubbish": (JSON, (("Accept", ";;q=,,/"),)),
    "a range": (JSON, (("Range", "bytes=0-1"),)),
    "a condition": (JSON, (("If-Match", '"x"'),)),
    "an upgrade": (JSON, (("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", ""))),
    "a hundred headers": (JSON, tuple((f"X-{number}", "x") for number in range(100))),
    "a header of twenty kilobytes": (JSON, (("X-Long", "x" * 20_000),)),
    "a trailer": (JSON, (("Trailer", "X-Later"),)),
}

HEADERS: list[Poison] = [
    *(Poison(f"type: {kind[:40]!a}", GOOD, kind) for kind in UNKNOWN_TYPES),
    *(Poison(name, GOOD, kind, LENGTH, False, more) for name, (kind, more) in ACCEPTED.items()),
    *(Poison(name, GOOD, kind, LENGTH, True, more) for name, (kind, more) in REFUSABLE.items()),
    *refused(JSON, {"gzip without saying so": gzip.compress(GOOD)}),
    Poison("gzip, and saying so", gzip.compress(GOOD), JSON, LENGTH, True, (("Content-Encoding", "gzip"),)),
    Poison("a bomb in gzip", gzip.compress(bytes(50_000_000)), JSON, None, False, (("Content-Encoding", "gzip"),)),
    Poison("an unknown encoding", b"\x00" * 10, JSON, None, False, (("Content-Encoding", "zstd"),)),
]
