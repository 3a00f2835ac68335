"""Turn what plugins describe into a settled graph: roles resolved, immutable names final, dependencies ordered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from mldeploy.errors import PluginError
from mldeploy.model import JSON, Ref, Step, content_hash


def settle(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps in dependency order, with `@role` refs resolved and a content hash in every immutable name.

    Raises:
        PluginError: two steps share an id or a role, a ref leads nowhere, or refs form a circle.
    """
    by_id = _by_id(steps)
    roles = _roles(by_id.values())
    final: dict[str, Step] = {}
    graph = {  # sorted: the order of the steps is part of a record, and sets of texts have none
        step.id: sorted({_target(step, ref, by_id, roles) for ref in step.refs()}) for step in by_id.values()
    }
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        message = f"steps refer to each other in a circle: {' → '.join(error.args[1])}"
        raise PluginError(message) from error
    for step_id in order:
        step = by_id[step_id]
        names = {ref: Ref(final[_target(step, ref, by_id, roles)].id, ref.key) for ref in step.refs()}
        spec = replace_refs(step.spec, names)
        name = f"{step.name}-{content_hash(spec)}" if step.immutable else step.name
        final[step_id] = replace(step, name=name, spec=spec)
    return tuple(final.values())


def dependencies(steps: Iterable[Step]) -> dict[str, set[str]]:
    """Return step id → ids it refers to, for settled steps; refs to steps outside are left out.

    A step that is given in several forms refers to what any of them refers to.
    """
    settled = list(steps)
    found: dict[str, set[str]] = {step.id: set() for step in settled}
    for step in settled:
        found[step.id] |= {ref.step for ref in step.refs()} & found.keys()
    return found


def replace_refs(value: JSON, known: Mapping[Ref, JSON]) -> JSON:
    """Return JSON data with the known refs replaced by their values and the others left as they are."""
    if isinstance(value, Ref):
        return known.get(value, value)
    if isinstance(value, Mapping):
        return {key: replace_refs(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replace_refs(item, known) for item in value]
    return value


def _by_id(steps: Iterable[Step]) -> dict[str, Step]:
    by_id: dict[str, Step] = {}
    for step in steps:
        if step.id in by_id:
            message = f"two plugins describe the step {step.id}"
            raise PluginError(message)
        by_id[step.id] = step
    return by_id


def _roles(steps: Iterable[Step]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for step in steps:
        if step.provides in roles:
            message = f"both {roles[step.provides]} and {step.id} provide '{step.provides}'"
            raise PluginError(message, hint="only one plugin may fill a role; take one out of release.yaml")
        if step.provides:
            roles[step.provides] = step.id
    return roles


def _target(step: Step, ref: Ref, by_id: Mapping[str, Step], roles: Mapping[str, str]) -> str:
    target = roles.get(ref.step[1:]) if ref.step.startswith("@") else ref.step
    if target is None or target not in by_id:
        message = f"{step.id} refers to {ref.step}, which no plugin describes"
        raise PluginError(message, hint="a section or plugin that provides it is missing in release.yaml")
    return target
