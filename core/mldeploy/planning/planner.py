"""Compare what should be with what is: the one diff behind plan, run, status, rollback and destroy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mldeploy.errors import RefusedError
from mldeploy.graph import dependencies
from mldeploy.model import JSON, Action, Change, Observed, Ref, Step, Task, find_refs
from mldeploy.observer import World

LONGEST_VALUE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes in the order of their dependencies, deletions last."""

    changes: tuple[Change, ...]

    @property
    def mutations(self) -> tuple[Change, ...]:
        """The changes that touch something: neither kept nor merely run."""
        return tuple(change for change in self.changes if change.action not in {Action.KEEP, Action.RUN})

    def counts(self) -> dict[str, int]:
        """Return action → number of steps, without zeros."""
        actions = [change.action.value for change in self.changes]
        return {action.value: actions.count(action.value) for action in Action if action.value in actions}


def diff(world: World, desired: Sequence[Step], unwanted: Iterable[Step], *, adopt: bool = False) -> Plan:
    """Return what has to change, from an observed world.

    Arguments:
        world: observed already, for all steps given.
        desired: settled steps in dependency order.
        unwanted: recorded steps that are no longer desired; those that exist are deleted, dependants first.
        adopt: take over resources that have the right name but not our tags.

    Raises:
        RefusedError: a resource belongs to somebody else.
    """
    changes = [_change(world, step, adopt=adopt) for step in desired]
    return Plan(changes=(*_without_needless_lazy(changes), *_deletions(world, unwanted)))


def change_of(world: World, step: Step, *, adopt: bool = False) -> Change:
    """Return what has to happen to one step, as far as its refs are known now."""
    return _change(world, step, adopt=adopt)


def _change(world: World, step: Step, *, adopt: bool) -> Change:
    observed = world.observed.get(step.id)
    if isinstance(world.driver(step), Task):
        return Change(action=Action.RUN, step=step, reason=observed.note if observed else "")
    if observed is None:
        return Change(action=Action.CREATE, step=step)
    if not observed.owned and not adopt:
        message = f"{step.kind} '{step.name}' exists and does not carry our tags"
        hint = "rename the release, remove the resource, or take it over with --adopt"
        raise RefusedError(message, hint=hint)
    if not observed.owned:
        return Change(action=Action.UPDATE, step=step, reason="adopted")
    reasons = [] if step.immutable else _differences(world.resolve(step).spec, observed)
    reasons += observed.drift
    return Change(action=Action.UPDATE if reasons else Action.KEEP, step=step, reason="; ".join(reasons))


def _differences(wanted: Mapping[str, JSON], observed: Observed) -> list[str]:
    reasons = []
    for key, value in wanted.items():
        unknown = next(find_refs(value), None)
        if unknown is not None:
            reasons.append(f"{key}: known after {unknown.step}")
        elif key not in observed.spec:
            reasons.append(f"{key}: → {_short(value)}")
        elif observed.spec[key] != value:
            reasons.append(f"{key}: {_short(observed.spec[key])} → {_short(value)}")
    return reasons


def _without_needless_lazy(changes: Sequence[Change]) -> list[Change]:
    """Keep lazy steps that nothing needs: an absent trained model matters only when its user changes."""
    makes = {Action.CREATE, Action.RUN}
    graph = dependencies(change.step for change in changes)
    needed: set[str] = set()
    result = []
    for change in reversed(changes):
        idle = change.step.lazy and change.action in makes and change.step.id not in needed
        kept = Change(action=Action.KEEP, step=change.step, reason="not needed") if idle else change
        if kept.action is not Action.KEEP:
            needed |= graph[change.step.id]
        result.append(kept)
    return result[::-1]


def _deletions(world: World, unwanted: Iterable[Step]) -> list[Change]:
    found = [(step, world.observed.get(step.id)) for step in unwanted]
    return [_deletion(step, observed) for step, observed in reversed(found) if observed is not None]


def _deletion(step: Step, observed: Observed) -> Change:
    if observed.owned:
        return Change(action=Action.DELETE, step=step, reason="no longer wanted")
    return Change(action=Action.KEEP, step=step, reason="left alone: it does not carry our tags")


def _short(value: JSON) -> str:
    text = value.step if isinstance(value, Ref) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
