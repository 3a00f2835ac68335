"""Read the live state of steps, concurrently and in dependency order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
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
        early = {step.id for step in by_id.values() if not any(True for _ in self.resolve(step).refs())}
        reads: dict[str, _Read] = {}

        def read(step_id: str) -> None:
            reads[step_id] = self._read(self.resolve(by_id[step_id]))

        def read_again(step_id: str) -> None:
            if self.resolve(by_id[step_id]) != reads[step_id].step:
                read(step_id)
            error = reads[step_id].error
            if error is not None:
                raise error

        _walked({i: set() if i in early else found for i, found in graph.items()}, read, cancelled)
        _walked(graph, read_again, cancelled)

    def _read(self, step: Step) -> _Read:
        """Read a resolved step; an error counts only if nothing about the step turns out to be wrong."""
        try:
            found = self.driver(step).read(step)
        except Exception as error:  # raised by `observe`
            return _Read(step=step, error=error)
        self.observed[step.id] = found
        if found is None:
            self.outputs.pop(step.id, None)  # what a record remembers of it is history
        else:
            self.outputs[step.id] = found.outputs
        return _Read(step=step)

    def _value(self, ref: Ref) -> JSON:
        if ref.key == Ref.NAME:
            return ref.step.partition("/")[2]
        return self.outputs.get(ref.step, {}).get(ref.key, ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """How a step was read: with which values in the place of its refs."""

    step: Step
    error: Exception | None = None


def _walked(graph: Mapping[str, set[str]], work: Callable[[str], None], cancelled: threading.Event) -> None:
    failures, unread = walk(graph, work, cancelled=cancelled)
    for step_id, error in failures.items():
        if isinstance(error, MldeployError):
            raise error
        message = f"reading {step_id}: {type(error).__name__}: {error}"
        raise DeployError(message, hint="run again with --debug for the traceback") from error
    if unread:
        message = "interrupted before anything was changed"
        raise PendingError(message, hint="run the same command again")
