"""Findings as SARIF 2.1.0 (OASIS standard), which GitHub's code scanning and editors read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from mldeploy import __version__
from mldeploy.formats.places import path_in_repository
from mldeploy.wording import dotted

if TYPE_CHECKING:
    from mldeploy.errors import Problem
    from mldeploy.model import JSON

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULES = {
    "error": ("release-error", "The release file cannot be used."),
    "warning": ("release-warning", "The release file is odd, and allowed."),
    "note": ("release-note", "The release file is right, and something about it is good to know."),
    "incomplete": ("project-incomplete", "The release file is right, and the project around it lacks something."),
}
LEVELS = {"error": "error", "warning": "warning", "note": "note", "incomplete": "warning"}


def sarif_log(problems: Iterable[Problem]) -> str:
    """Return one run of mldeploy with a result per problem."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.values()]
    driver = {"name": "mldeploy", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(problem: Problem) -> JSON:
    text = f"{problem.message}\n\nTry: {problem.hint}" if problem.hint else problem.message
    result: dict[str, JSON] = {
        "ruleId": RULES[problem.severity][0],
        "level": LEVELS[problem.severity],
        "message": {"text": text},
        "partialFingerprints": {"problem/v1": _fingerprint(problem)},
    }
    place = problem.position
    if place is not None:
        region = {"startLine": place.line, "startColumn": place.column}
        artifact = {"uri": quote(path_in_repository(place.file))}
        result["locations"] = [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
    return result


def _fingerprint(problem: Problem) -> str:
    """Return what stays the same when lines move: the place in the document and what is wrong there."""
    file = problem.position.file if problem.position else ""
    text = "\n".join((path_in_repository(file) if file else "", dotted(problem.path), problem.message))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
