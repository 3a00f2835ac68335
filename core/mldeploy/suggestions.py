"""The nearest word to what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable

CLOSE_ENOUGH = 0.6
MOST_LISTED = 8
LONGEST_WORD = 100
SHORTEST_PART = 4


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option that a word was probably meant to be; case and separators do not count.

    A word that is a part of exactly one option means that option: `m5.xlarge` is `ml.m5.xlarge`.
    """
    import difflib  # noqa: PLC0415 - a right file needs no suggestion

    plain = {_plain(option): option for option in options}
    longer = [option for short, option in plain.items() if _plain(word) in short]
    if len(longer) == 1 and len(word) >= SHORTEST_PART:
        return longer[0]
    found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=CLOSE_ENOUGH)
    return plain[found[0]] if found else None


def suggestion(word: str, options: Iterable[str], *, listed: str) -> str:
    """Return what to try instead of a word.

    Arguments:
        listed: how to introduce the options when none is near, e.g. "keys here".
    """
    known = sorted(options)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean '{near}'?"
    more = f" and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
    return f"{listed}: {', '.join(known[:MOST_LISTED])}{more}" if known else ""


def _plain(word: str) -> str:
    return word[:LONGEST_WORD].casefold().replace("_", "").replace("-", "").replace(" ", "")
