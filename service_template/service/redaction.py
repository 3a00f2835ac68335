"""Masks what looks like a secret, so that no log line carries one, whoever wrote it."""

from __future__ import annotations

import re

MASK = "***"

SECRETS = re.compile(
    r"""
    (?P<name>(?:(?:proxy-)?authorization|x-api-key|api[_-]?key|cookie|password|passwd|secret|[a-z_-]*token)
        \\?["']?\s*[:=,]\s*\(?(?:b?\\?["'])?)   # a name and what stands between it and its value: ": ", "=", "', b'"
        (?:(?:basic|bearer|negotiate)\s+)?[^\s"'\\,;&<>()]{3,}
    | \b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}
    | \beyJ[\w-]{8,}\.[\w-]+\.[\w-]*            # a JSON Web Token
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b             # an AWS access key id
    """,
    re.IGNORECASE | re.VERBOSE,
)


def redact(text: str) -> str:
    """Return the text with the values of known secret names, bearer tokens and AWS keys masked."""
    return SECRETS.sub(lambda found: f"{found['name'] or ''}{MASK}", text)
