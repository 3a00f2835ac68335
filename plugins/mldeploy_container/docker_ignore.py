"""What `.dockerignore` leaves out of a build context, by the rules of Docker itself.

They are those of BuildKit's matcher (https://github.com/moby/patternmatcher) and not of `.gitignore`: every pattern
starts at the root, takes a folder with all that is in it, and the last one that matches decides.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from mldeploy.errors import UsageError

PARTS = re.compile(r"\*\*/?|\*|\?|\\.|\[\^?.[^]]*\]|.", re.DOTALL)
"""What a pattern consists of: wildcards, escaped characters, sets of characters, and characters."""
WILDCARDS = {"**/": "(?:.*/)?", "**": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}


class IgnoreRules:
    """The rules of one `.dockerignore`.

    Raises:
        UsageError: a line is no pattern.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def leave_out(self, path: str) -> bool:
        """Return whether a path, relative to the root and with slashes, is left out."""
        return next((left_out for left_out, pattern in reversed(self._rules) if pattern.fullmatch(path)), False)


def _rule(line: str) -> tuple[bool, re.Pattern[str]] | None:
    """Return whether a line leaves out what it matches, and its pattern; None for a comment and an empty line."""
    text = line.strip()
    if not text or line.startswith("#"):
        return None
    glob = posixpath.normpath(text.removeprefix("!").strip()).lstrip("/")
    everything_below = glob.endswith("**")
    parts = PARTS.findall(glob.removesuffix("**") if everything_below else glob)
    end = ".*" if everything_below else "(?:/.*)?"
    try:
        return not text.startswith("!"), re.compile("".join(map(_expression, parts)) + end, re.DOTALL)
    except re.error as error:
        message = f".dockerignore: `{text}` is not a pattern"
        raise UsageError(message, hint="correct the brackets, or write a backslash before them") from error


def _expression(part: str) -> str:
    """Return a part of a pattern as a regular expression."""
    if part.startswith("["):
        return part
    return WILDCARDS.get(part) or re.escape(part[-1])
