"""What to try when YAML itself cannot be read: the parser's messages are exact but name no remedy."""

from __future__ import annotations

HINTS = (
    ("'\\t'", "indent with spaces; YAML takes no tabs there"),
    (
        "mapping values are not allowed",
        "put a text that contains `: ` in quotes, or correct the indentation of this line",
    ),
    ("could not find expected ':'", "write `key: value`, with a space after the colon"),
    ("expected <block end>", "give all keys of one block the same indentation"),
    ("expected ',' or", "put a comma between the items, or close the bracket"),
    ("while scanning a quoted scalar", "close the quotes"),
    ("escape character", "write \\\\ for a backslash inside double quotes, or use single quotes"),
    ("that cannot start any token", "put the text in quotes; this character has a meaning in YAML"),
    ("expected the node content", "give a value, or take the comma or bracket away"),
    ("special characters are not allowed", "remove the control character"),
)
FALLBACK = "compare the line with the ones above: a missing space, quote or bracket"


def hint_for(message: str) -> str:
    """Return what to try for a message of the YAML parser."""
    return next((hint for text, hint in HINTS if text in message), FALLBACK)
