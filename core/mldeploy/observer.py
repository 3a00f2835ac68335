"""Read the live state of steps, concurrently and in dependency order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mldeploy.concurrency import walk
from mldeploy.errors import DeployError, MldeployError, PendingError, PluginError
from mldeploy.graph import dependencies, replace_refs
from mldeploy.model import JSON, Driver, Observed, Ref, Step


@dataclass(kw_only=True)
class World:
    """What is known of the live resources: observations and outputs by step id.

    Outputs of recorded steps that are not part of this plan may be given at the start.
    """

    drivers: Mapping[str, Driver]
    outputs: dict[str, Mapping[str, JSON]] = field(default_factory=dict)
    observed: dict[str, Observed | None] = field(default_factory=dict)

    def driver(self, step: Step) -> Driver:
        """Return the driver of a step's kind.

        Raises:
            PluginError: no loaded plugin drives this kind.
        """
        try:
            return self.drivers[step.kind]
        except KeyError:
            message = f"no loaded plugin drives {step.kind}"
            raise PluginError(message, hint="install the plugin that made it, or name it under `plugins:`") from None

    def resolve(self, step: Step) -> Step:
        """Return the step with every ref replaced whose value is known."""
        return replace(step, spec=replace_refs(step.spec, {ref: self._value(ref) for ref in step.refs()}))

    def observe(self, steps: Iterable[Step], *, cancelled: threading.Event) -> None:
        """Read all steps; those they refer to come first, so that children can be looked up in their parents.

        A step does not wait when a record knows all it refers to. Where the record turns out to be wrong, the step is
        read again, so that the result is that of reading everything in order.

        Raises:
            PendingError: the run was interrupted; what was not read is not taken for absent.
            DeployError: a driver could not read.
        """
        by_id = {step.id: step for step in steps}
        graph = dependencies(by_id.values())
        early = {step.id for step in by_id.values() if _refers(step) and not _refers(self.resolve(step))}
        reads: dict[str, _Read] = {}

        def read(step_id: str) -> None:
            step = self.resolve(by_id[step_id])
            try:
                self._read(step)
            except Exception as error:
                reads[step_id] = _Read(step=step, error=error)
                raise
            reads[step_id] = _Read(step=step)

        def read_again(step_id: str) -> None:
            known = reads.get(step_id)
            if known is None or self.resolve(by_id[step_id]) != known.step:
                self._read(self.resolve(by_id[step_id]))
            elif known.error is not None:
                raise known.error

        at_once = {step_id: set() if step_id in early else found for step_id, found in graph.items()}
        failures, unread = walk(at_once, read, cancelled=cancelled)
        if not failures.keys() <= early or (unread and not failures):
            _refuse(failures, unread)
        _refuse(*walk(graph, read_again, cancelled=cancelled))

    def _read(self, step: Step) -> None:
        found = self.driver(step).read(step)
        self.observed[step.id] = found
        if found is None:
            self.outputs.pop(step.id, None)  # what a record remembers of it is history
        else:
            self.outputs[step.id] = found.outputs

    def _value(self, ref: Ref) -> JSON:
        if ref.key == Ref.NAME:
            return ref.step.partition("/")[2]
        return self.outputs.get(ref.step, {}).get(ref.key, ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """How a step was read: with which values in the place of its refs.

    An error counts only if none of these turns out to be wrong.
    """

    step: Step
    error: Exception | None = None


def _refers(step: Step) -> bool:
    return next(step.refs(), None) is not None


def _refuse(failures: Mapping[str, Exception], unread: set[str]) -> None:
    """Raise for what could not be read, if there is anything."""
    for step_id, error in failures.items():
        if isinstance(error, MldeployError):
            raise error
        message = f"reading {step_id}: {type(error).__name__}: {error}"
        raise DeployError(message, hint="run again with --debug for the traceback") from error
    if unread:
        message = "interrupted before anything was changed"
        raise PendingError(message, hint="run the same command again")
