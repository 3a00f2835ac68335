"""The references within an orb or config that CircleCI's schema cannot check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy_ci.declarations import (
    check_definition,
    check_interpolations,
    check_pipeline_parameters,
    check_top_level,
)
from mldeploy_ci.definitions import Definitions, definitions_of, items, mapping
from mldeploy_ci.findings import Finding
from mldeploy_ci.workflows import check_workflows

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

ORB_MARKS = ("description", "display", "examples")


def is_orb(value: JSON) -> bool:
    """Return whether this is an orb: it has what only orbs have, or definitions and nothing that runs."""
    data = mapping(value)
    if any(key in data for key in ORB_MARKS):
        return True
    return "workflows" not in data and "jobs" not in data and ("commands" in data or "executors" in data)


def check_references(value: JSON, known: Mapping[str, Definitions], path: KeyPath = ()) -> Iterator[Finding]:
    """Yield every reference that leads nowhere, and every call that is wrong.

    Arguments:
        known: definitions of imported orbs, by the name of the import.
        path: where in the document the orb or config is.
    """
    data = mapping(value)
    scope = definitions_of(data, path, known)
    orb = is_orb(data) or path[-2:-1] == ("orbs",)
    yield from check_top_level(data, path, is_orb=orb)
    for definition in scope.all():
        yield from check_definition(definition, scope)
    for name, inline in mapping(data.get("orbs")).items():
        if isinstance(inline, dict):
            yield from check_references(inline, known, (*path, "orbs", name))
    if orb:
        yield from _check_examples(data, scope, path)
    else:
        yield from check_pipeline_parameters(data, path)
        yield from check_workflows(data, path, scope)
        yield from check_interpolations(data.get("workflows"), (*path, "workflows"), ())


def _check_examples(data: Mapping[str, JSON], scope: Definitions, path: KeyPath) -> Iterator[Finding]:
    """Check the usage of every example as the config that it is, with this orb as the import it is there."""
    for name, example in mapping(data.get("examples")).items():
        usage = mapping(example).get("usage")
        alias = own_alias(usage, scope)
        known = {alias: scope} if alias else {}
        yield from check_references(usage, known, (*path, "examples", name, "usage"))


def own_alias(usage: JSON, scope: Definitions) -> str | None:
    """Return the name under which an example imports its own orb: the one whose definitions it calls most."""
    called = list(_called_names(usage))
    counts: dict[str, int] = {}
    for alias in mapping(mapping(usage).get("orbs")):
        inner = [name.partition("/")[2] for name in called if name.startswith(f"{alias}/")]
        counts[alias] = sum(any(name in defined for defined in scope.own.values()) for name in inner)
    best = max(counts, key=lambda alias: counts[alias], default=None)
    return best if best is not None and (counts[best] or len(counts) == 1) else None


def _called_names(value: JSON) -> Iterator[str]:
    """Yield every text that might name a job, a command or an executor."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _called_names(inner)
    else:
        for inner in items(value):
            yield from _called_names(inner)
