"""Carry out a plan concurrently, saving the record around every step."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from mldeploy.concurrency import walk
from mldeploy.context import Context
from mldeploy.doors import StateStore
from mldeploy.errors import DeployError, MldeployError, PendingError, VerifyError
from mldeploy.events import Event, State
from mldeploy.graph import dependencies
from mldeploy.model import Action, Change, Phase, Step
from mldeploy.observer import World
from mldeploy.planning.planner import Plan, change_of
from mldeploy.record import Record
from mldeploy.strays import deletion_graph

RESUME = "fix the cause and run the same command again: what is done is kept"


@dataclass(kw_only=True)
class Executor:
    """Applies one plan; the record is saved before and after every step that changes something.

    `strays` are the ids of steps to delete that no record describes.
    """

    context: Context
    world: World
    store: StateStore
    record: Record
    adopt: bool = False
    strays: Collection[str] = ()
    _saving: Lock = field(default_factory=Lock)

    def apply(self, plan: Plan, phases: Collection[Phase]) -> None:
        """Create, update and run the steps of these phases; dependencies in other phases must exist already.

        Raises:
            DeployError, VerifyError, PendingError: a step failed; everything that ran was recorded.
        """
        wanted = {
            change.step.id: change
            for change in plan.changes
            if change.action is not Action.DELETE and change.step.phase in phases
        }
        graph = dependencies(change.step for change in wanted.values())
        failures, skipped = walk(graph, lambda step_id: self._apply(wanted[step_id]), cancelled=self.context.cancelled)
        self._finish(failures, skipped, {step_id: change.step for step_id, change in wanted.items()})

    def sweep(self, plan: Plan, older: Sequence[Step] = ()) -> None:
        """Delete what the plan deletes, dependants first.

        Arguments:
            older: earlier forms of the steps. After a failed update the world may still be as one of them says: a stage
                that points to the deployment before.

        Raises:
            DeployError, PendingError: a deletion failed; running again goes on.
        """
        unwanted = {change.step.id: change.step for change in plan.changes if change.action is Action.DELETE}
        strays = [step for step in unwanted.values() if step.id in self.strays]
        known = {step.id: step for step in (*self.record.steps, *unwanted.values()) if step.id not in self.strays}
        before = deletion_graph([*known.values(), *(step for step in older if step.id in known)], strays)
        graph = {step_id: before[step_id] & unwanted.keys() for step_id in unwanted}
        failures, skipped = walk(graph, lambda i: self._delete(unwanted[i]), cancelled=self.context.cancelled)
        self._finish(failures, skipped, unwanted)

    def _apply(self, planned: Change) -> None:
        if planned.action is Action.KEEP and planned.reason:  # a lazy step that nothing needs
            return self._say(planned.step, "kept", planned)
        change = change_of(self.world, planned.step, adopt=self.adopt)
        step = self.world.resolve(change.step)
        missing = next(step.refs(), None)
        if missing is not None and change.action is not Action.KEEP:
            message = f"it needs '{missing.key}' of {missing.step}, which does not exist yet"
            raise DeployError(message, hint="run the earlier phases first, or all of them without --phase")
        if change.action is Action.KEEP:
            self.record.outputs[step.id] = self.world.outputs[step.id]
            self.record.pending.discard(step.id)
            return self._say(step, "kept", change)
        return self._act(change, lambda: self._make(step))

    def _make(self, step: Step) -> None:
        outputs = self.world.driver(step).apply(step, self.world.observed.get(step.id))
        self.world.outputs[step.id] = self.record.outputs[step.id] = outputs

    def _delete(self, step: Step) -> None:
        observed = self.world.observed[step.id]
        if observed is not None:
            resolved = self.world.resolve(step)
            change = Change(action=Action.DELETE, step=step)
            self._act(change, lambda: self.world.driver(step).delete(resolved, observed))
            self.record.outputs.pop(step.id, None)

    def _act(self, change: Change, work: Callable[[], None]) -> None:
        step, started = change.step, time.monotonic()
        self._mark_pending(step.id)
        self._say(step, "started", change)
        try:
            work()
        except Exception as error:
            self._say(step, "failed", change, message=str(error), seconds=time.monotonic() - started)
            raise
        seconds = round(time.monotonic() - started, 3)
        with self._saving:
            self.record.seconds[step.id] = seconds
            self.record.pending.discard(step.id)
            self.store.save(self.record)
        self._say(step, "done", change, seconds=seconds)

    def _mark_pending(self, step_id: str) -> None:
        with self._saving:
            self.record.pending.add(step_id)
            self.store.save(self.record)

    def _say(self, step: Step, state: State, change: Change, *, message: str = "", seconds: float = 0.0) -> None:
        self.context.emit(
            Event(
                step=step.id,
                state=state,
                action=change.action.value,
                phase=step.phase.value,
                message=message or change.reason,
                seconds=seconds,
            )
        )

    def _finish(self, failures: Mapping[str, Exception], skipped: set[str], steps: Mapping[str, Step]) -> None:
        for step_id in sorted(skipped):
            self.context.emit(Event(step=step_id, state="skipped", phase=steps[step_id].phase.value))
        if failures:
            raise _failure(failures, steps)
        if self.context.cancelled.is_set() and skipped:
            message = f"interrupted; {len(skipped)} steps were not started"
            raise PendingError(message, hint="run the same command again to resume")


def _failure(failures: Mapping[str, Exception], steps: Mapping[str, Step]) -> MldeployError:
    """Return one error for all failed steps, of the class of the first, the others in its details."""
    (step_id, first), *others = failures.items()
    details = [f"{other}: {error}" for other, error in others]
    if isinstance(first, MldeployError):
        kind, hint, details = type(first), first.hint or RESUME, [*first.details, *details]
    else:
        kind, hint = DeployError, RESUME
    if kind is DeployError and steps[step_id].phase is Phase.VERIFY:
        kind = VerifyError
    text = str(first) if isinstance(first, MldeployError) else f"{type(first).__name__}: {first}"
    failure = kind(f"{step_id}: {text}", hint=hint, details=tuple(details))
    failure.__cause__ = first
    return failure
