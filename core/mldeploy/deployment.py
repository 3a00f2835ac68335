"""One release in one environment, and the verbs on it: plan, run, status, rollback, destroy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from mldeploy.context import Context
from mldeploy.costs import CostLine
from mldeploy.doors import StateStore
from mldeploy.encryption import Encryption
from mldeploy.errors import MldeployError, PendingError, RollbackError, UsageError, VerifyError
from mldeploy.events import Event
from mldeploy.executor import Executor
from mldeploy.history import History
from mldeploy.model import JSON, Driver, Phase, Step, Task
from mldeploy.observer import World
from mldeploy.planning.planner import Plan, diff
from mldeploy.record import Record
from mldeploy.revision import revision_of
from mldeploy.strays import find_strays


@dataclass(kw_only=True)
class Deployment:
    """Binds what is wanted (settled `steps`; none when release.yaml is gone) to an environment and its records."""

    context: Context
    store: StateStore
    drivers: Mapping[str, Driver]
    steps: Sequence[Step]
    plugins: Sequence[str]
    keep: int
    command: str
    adopt: bool = False
    price: Callable[[Sequence[Step]], Sequence[CostLine]] = lambda _steps: ()
    protection: Callable[[Sequence[Step]], Sequence[Encryption]] = lambda _steps: ()

    def plan(self) -> Plan:
        """Return what a run would change now; nothing is touched."""
        history = self._history()
        record = history.continued(self.steps) or self._record(self.steps, history)
        return self._plan(record, history)[0]

    def run(
        self, phases: Collection[Phase] = tuple(Phase), confirm: Callable[[Plan], None] = lambda _plan: None
    ) -> Record:
        """Bring the environment to the wanted steps.

        Arguments:
            phases: only these; leftovers are swept when the last phase is among them.
            confirm: called with the plan before anything changes; raises to stop.

        Raises:
            VerifyError: a check failed; the previous release was restored if there was one.
            DeployError, PendingError, RefusedError, RollbackError: see mldeploy.errors.
        """
        with self.store.lock(self.command):
            history = self._history()
            record = history.continued(self.steps) or self._record(self.steps, history)
            revision = revision_of(self.context.root)
            if revision and revision not in record.revisions:
                record.revisions.append(revision)
            try:
                return self._execute(record, history, phases, confirm)
            except VerifyError as error:
                if record.outcome == "deployed":
                    hint = f"this run changed nothing, so nothing was rolled back. {error.hint}"
                    raise VerifyError(error.message, hint=hint, details=error.details) from error
                raise self._restore_after(error, record) from error

    def rollback(self, to: str | None = None, confirm: Callable[[Plan], None] = lambda _plan: None) -> Record:
        """Bring an earlier release back; verify runs too.

        Arguments:
            to: a release id such as `r3`, or a commit that was deployed; without it, the newest good release before
                the current one.

        Raises:
            UsageError: there is no such release.
        """
        with self.store.lock(self.command):
            history = self._history()
            target = history.find(to) if to else history.before_current()
            if target is None:
                message = f"there is no release {to}" if to else "there is no earlier release to go back to"
                raise UsageError(message, hint=f"releases here: {history.summary() or 'none'}")
            return self._execute(self._restoring(target, history), history, tuple(Phase), confirm)

    def destroy(self, confirm: Callable[[Plan], None] = lambda _plan: None) -> Plan:
        """Delete everything that was recorded or is described, then forget the records."""
        with self.store.lock(self.command):
            history = self._history()
            world = self._world(history)
            known = {step.id: step for step in (*history.steps(), *self.steps)}
            unwanted = [step for step in known.values() if not self._is_task(step)]
            world.observe(unwanted, cancelled=self.context.cancelled)
            strays = self._strays(unwanted, world)
            plan = diff(world, [], [*unwanted, *strays])
            confirm(plan)
            record = history.latest or self._record(self.steps, history)
            older = [step for old in history.records for step in old.steps]
            self._executor(world, record, strays).sweep(plan, older)
            for old in history.records:
                self.store.forget(old.number)
            self.store.forget(record.number)
            return plan

    def status(self) -> tuple[Record, Plan]:
        """Return the current record, and what would have to change to make the world fit it again.

        Raises:
            UsageError: nothing has been deployed here.
        """
        history = self._history()
        record = history.latest or replace(self._record(self.steps, history), outcome="unrecorded")
        world = self._world(history)
        world.observe(record.steps, cancelled=self.context.cancelled)
        if history.latest is None and not any(found and not found.looked_up for found in world.observed.values()):
            message = f"nothing is deployed in environment '{self.context.env}'"
            raise UsageError(message, hint=f"deploy with `mldeploy run --env {self.context.env}`")
        return record, diff(world, record.steps, [], adopt=True)

    def known_outputs(self, step_id: str) -> Mapping[str, JSON]:
        """Return the outputs of a step: as recorded, or looked up in the world where no record is left."""
        return self._known.get(step_id, {})

    @cached_property
    def _known(self) -> Mapping[str, Mapping[str, JSON]]:
        history = self._history()
        if history.records:
            return history.outputs()
        world = self._world(history)
        world.observe(self.steps, cancelled=self.context.cancelled)
        return world.outputs

    def _execute(
        self, record: Record, history: History, phases: Collection[Phase], confirm: Callable[[Plan], None]
    ) -> Record:
        plan, world, strays = self._plan(record, history)
        confirm(plan)
        unchanged = record.outcome == "deployed" and not plan.mutations
        if not unchanged:
            record.outcome = "running"
            self.store.save(record)
        executor = self._executor(world, record, strays)
        try:
            executor.apply(plan, set(phases) - {Phase.VERIFY})
            executor.apply(plan, set(phases) & {Phase.VERIFY})
        except PendingError:
            raise
        except MldeployError:
            if not unchanged:
                record.outcome = "failed"
                self.store.save(record)
            raise
        if Phase.VERIFY in phases:
            executor.sweep(plan)
            record.outcome = "deployed"
            record.pending.clear()
            self.store.save(record)
            for old in history.outdated(record, self.keep):
                self.store.forget(old.number)
        return record

    def _restore_after(self, error: VerifyError, failed: Record) -> MldeployError:
        """Roll back to the last good release; return the error that the run ends with."""
        history = self._history()
        target = history.before_current()
        if target is None:
            hint = f"no earlier release to go back to; the failed one stays for a look.\n{error.hint}"
            return VerifyError(error.message, hint=hint, details=error.details)
        text = f"{failed.release_id} failed verification; restoring {target.release_id}"
        self.context.emit(Event(step="", state="progress", message=text))
        try:
            self._execute(self._restoring(target, history), history, tuple(Phase), lambda _plan: None)
        except MldeployError as second:
            message = f"{error.message}; restoring {target.release_id} failed too: {second.message}"
            return RollbackError(message, hint=second.hint, details=(*error.details, *second.details))
        message = f"{error.message}; rolled back, {target.release_id} is serving again"
        return VerifyError(message, hint=error.hint, details=error.details)

    def _plan(self, record: Record, history: History) -> tuple[Plan, World, list[Step]]:
        """Return the plan, the world it was made from, and which of the steps to delete no record describes.

        These are looked for only where there is no record: one that exists knows everything.
        """
        world = self._world(history)
        recorded = history.unwanted(record, self.keep)
        unwanted = [step for step in recorded if not self._is_task(step)]
        world.observe((*record.steps, *unwanted), cancelled=self.context.cancelled)
        strays = [] if history.records else self._strays(record.steps, world)
        return diff(world, record.steps, [*unwanted, *strays], adopt=self.adopt), world, strays

    def _strays(self, known: Sequence[Step], world: World) -> list[Step]:
        return find_strays(self.drivers, known, world, cancelled=self.context.cancelled)

    def _world(self, history: History) -> World:
        world = World(drivers=self.drivers, outputs=history.outputs())
        self.context.outputs = lambda step_id: world.outputs.get(step_id, {})
        return world

    def _executor(self, world: World, record: Record, strays: Sequence[Step]) -> Executor:
        return Executor(
            context=self.context,
            world=world,
            store=self.store,
            record=record,
            adopt=self.adopt,
            strays={step.id for step in strays},
        )

    def _history(self) -> History:
        return History(self.store.records())

    def _record(self, steps: Sequence[Step], history: History) -> Record:
        return Record(
            number=history.next_number,
            name=self.context.name,
            env=self.context.env,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),
            config=self.context.config,
            tags=self.context.tags,
            plugins=self.plugins,
            steps=steps,
        )

    def _restoring(self, target: Record, history: History) -> Record:
        record = self._record(target.steps, history)
        restores = target.restores or target.number
        return replace(record, config=target.config, restores=restores, revisions=list(target.revisions))

    def _is_task(self, step: Step) -> bool:
        return isinstance(self.drivers.get(step.kind), Task)
