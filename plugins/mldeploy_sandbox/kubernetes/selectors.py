"""Label and field selectors.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.status import bad_request

TERMS = re.compile(r",(?![^()]*\))")
SET_TERM = re.compile(r"\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*")


def matches_labels(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Evaluate a LabelSelector object; an empty one matches everything, none matches nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(
        _matches(labels, each["key"], each["operator"].lower(), set(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    )


def matches_text(selector: str, labels: Mapping[str, str]) -> bool:
    """Evaluate the query parameter `labelSelector`.

    Raises:
        ApiError: it cannot be read (400).
    """
    return all(_matches(labels, *_term(term)) for term in TERMS.split(selector) if term.strip())


def matches_fields(selector: str, document: Mapping[str, Any]) -> bool:
    """Evaluate the query parameter `fieldSelector`: `path=value` and `path!=value`, joined by commas.

    Raises:
        ApiError: it cannot be read (400).
    """
    for term in selector.split(","):
        path, equals, value = re.split(r"(!=|==?)", term, maxsplit=1) if "=" in term else (term, "", "")
        if not equals:
            message = f"invalid field selector: {term!r}; can't understand"
            raise bad_request(message)
        found: Any = document
        for name in path.strip().split("."):
            found = found.get(name, "") if isinstance(found, Mapping) else ""
        if (str(found) == value.strip()) != (equals != "!="):
            return False
    return True


def _term(term: str) -> tuple[str, str, set[str]]:
    match = SET_TERM.fullmatch(term)
    if not re.match(r"[\s!]*[A-Za-z0-9]", term):
        message = f"unable to parse requirement: found '{term}', expected: identifier"
        raise bad_request(message)
    if match:
        return match[1], match[2], {value.strip() for value in match[3].split(",")}
    for sign, operator in (("!=", "notin"), ("==", "in"), ("=", "in")):
        if sign in term:
            key, value = term.split(sign, 1)
            return key.strip(), operator, {value.strip()}
    key = term.strip()
    if not re.fullmatch(r"!?\s*[A-Za-z0-9./_-]+", key):
        message = f"unable to parse requirement: found '{key}'"
        raise bad_request(message)
    return (key[1:].strip(), "doesnotexist", set()) if key.startswith("!") else (key, "exists", set())


def _matches(labels: Mapping[str, str], key: str, operator: str, values: set[str]) -> bool:
    if operator == "exists":
        return key in labels
    if operator == "doesnotexist":
        return key not in labels
    return (key in labels and labels[key] in values) == (operator == "in")
