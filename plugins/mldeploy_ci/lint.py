"""Lint an orb or config: the schema, the references that the schema cannot check, and the review of orbs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.errors import Problem, ReleaseError
from mldeploy_ci.findings import Finding
from mldeploy_ci.packing import read_source
from mldeploy_ci.references import check_references, is_orb
from mldeploy_ci.review import review

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy_ci.definitions import Definitions
    from mldeploy_ci.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What to check.

    - `schema`: CircleCI's JSON schema; without it that part is left out.
    - `known`: definitions of imported orbs, by the name of the import.
    - `excluded`: rules that are not reported.
    - `release`: the tag about to be released, for RC011.
    """

    schema: Mapping[str, JSON] | None = None
    known: Mapping[str, Definitions] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    release: str | None = None


def lint_path(path: Path, rules: Rules) -> list[Finding]:
    """Return what is wrong with a file, or with the sources of an orb in a folder.

    Raises:
        UsageError: there is no such file, or it is not the folder of an orb.
    """
    try:
        return lint(read_source(path), rules)
    except ReleaseError as error:
        return list(_from_problems(error.problems or (Problem(message=error.message, hint=error.hint),), "unreadable"))


def lint(source: Source, rules: Rules) -> list[Finding]:
    """Return what is wrong with an orb or config, in the order of the places."""
    found = [finding for finding in _findings(source, rules) if finding.rule not in rules.excluded]
    return sorted((finding.located(source.document) for finding in found), key=_order)


def _findings(source: Source, rules: Rules) -> Iterator[Finding]:
    yield from _from_problems(source.ambiguous, "ambiguous-scalar")
    if not isinstance(source.value, dict):
        yield Finding(rule="schema", message="neither an orb nor a config: it holds no keys", path=())
        return
    if rules.schema is not None:
        from mldeploy_ci.schema_check import check_schema  # noqa: PLC0415 - jsonschema loads only where it is used

        yield from check_schema(source.document, rules.schema)
    yield from check_references(source.value, rules.known)
    if is_orb(source.value):
        yield from review(source, release=rules.release)


def _from_problems(problems: Iterable[Problem], rule: str) -> Iterator[Finding]:
    for problem in problems:
        yield Finding(
            rule=rule,
            message=problem.message,
            path=problem.path,
            hint=problem.hint,
            severity="warning" if problem.severity == "warning" else "error",
            position=problem.position,
        )


def _order(finding: Finding) -> tuple[str, int, int]:
    position = finding.position
    return (position.file, position.line, position.column) if position else ("", 0, 0)
