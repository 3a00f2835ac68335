"""Find secrets that were written into release.yaml: files are committed, printed and sent around."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mldeploy.errors import Problem

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

SHORTEST_SECRET = 12
BITS_PER_CHARACTER = 3.0
KNOWN_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key ids, docs.aws.amazon.com/IAM: "Understanding unique ID prefixes"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b"  # GitHub tokens, github.blog: "Behind GitHub's new authentication token formats"
    r"|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{10,500}\.eyJ[\w-]{10,2000}\.[\w-]+"  # a JSON Web Token
)
SENSITIVE_KEY = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|credential|api_?-?key|access_?-?key|private_?-?key", re.IGNORECASE
)
REFERENCE = re.compile(r"(?:secretsmanager|ssm|env):|arn:aws[\w-]*:(?:secretsmanager|ssm):")
ASSIGNMENT = re.compile(r"(?<![\w-])(?P<key>[\w-]+)(?P<colon>[\"']?\s*:\s+[\"']?)(?P<value>[^\s\"']+)")
HINT = "store it in a secret store and write a reference: secretsmanager:NAME, ssm:NAME or env:NAME"


def find_secrets(value: JSON, path: KeyPath = ()) -> Iterator[Problem]:
    """Yield a problem for every text that looks like a secret; the text itself is not repeated."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from find_secrets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_secrets(item, (*path, index))
    elif isinstance(value, str) and _is_secret(value, path):
        yield Problem(message="this looks like a secret, and the file is no place for secrets", path=path, hint=HINT)


def masked(line: str) -> str:
    """Return a line of text with what looks like a secret replaced by asterisks, at the same length."""
    line = KNOWN_SHAPES.sub(lambda found: "*" * len(found[0]), line)
    return ASSIGNMENT.sub(_without_secret, line)


def _without_secret(found: re.Match[str]) -> str:
    key, value = found["key"], found["value"]
    secret = SENSITIVE_KEY.search(key) and not REFERENCE.match(value) and _is_random(value)
    return f"{key}{found['colon']}{'*' * len(value)}" if secret else found[0]


def _is_secret(text: str, path: KeyPath) -> bool:
    if KNOWN_SHAPES.search(text):
        return True
    key = next((key for key in reversed(path) if isinstance(key, str)), "")
    return bool(SENSITIVE_KEY.search(key)) and not REFERENCE.match(text) and _is_random(text)


def _is_random(text: str) -> bool:
    """Return whether a text is long and varied enough for a generated secret (Shannon entropy per character)."""
    if len(text) < SHORTEST_SECRET:
        return False
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares) >= BITS_PER_CHARACTER
