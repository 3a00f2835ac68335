"""What carries our tags and is in no record: leftovers of runs whose record was lost."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from os.path import commonprefix
from typing import Protocol, runtime_checkable

from mldeploy.concurrency import walk
from mldeploy.errors import DeployError, MldeployError, PendingError
from mldeploy.graph import dependencies
from mldeploy.model import Driver, Step
from mldeploy.observer import World

OWN_KINDS = "mldeploy::"


@runtime_checkable
class Inventory(Protocol):
    """A driver that can say what exists under names of its release, without being told the names."""

    def existing(self) -> Iterable[Step]:
        """Yield steps for what exists or may exist, ours or not; reading them tells whether it does and whose it is.

        A ref in a spec says what goes after it, as in every step.
        """


def find_strays(
    drivers: Mapping[str, Driver], known: Sequence[Step], world: World, *, cancelled: threading.Event
) -> list[Step]:
    """Return steps for what is ours and not among the known steps; the world has observed them then.

    Only drivers of the providers that the known steps are of are asked: a release that uses no AWS opens no door to it.

    Raises:
        PendingError, DeployError: nothing was changed; what exists could not be found out.
    """
    ids, kinds = {step.id for step in known}, {step.kind for step in known}
    asked = {kind: driver for kind, driver in drivers.items() if _is_near(kind, kinds)}
    unknown = [step for step in _all_listed(asked, cancelled) if step.id not in ids]
    world.observe(unknown, cancelled=cancelled)
    return [step for step in unknown if (observed := world.observed[step.id]) is not None and observed.owned]


def deletion_graph(known: Sequence[Step], strays: Iterable[Step]) -> dict[str, set[str]]:
    """Return step id → ids of the steps that have to be gone before it.

    A stray has few references or none. It takes the place of the known step of its kind whose name is most like its
    own, too: that one's dependants go before it, and it goes before that one's dependencies.
    """
    strays = list(strays)
    references = dependencies((*known, *strays))
    places = {step_id: [step_id] for step_id in references}
    for stray in strays:
        model = _most_alike(stray, known)
        if model is not None:
            references[stray.id] = references[stray.id] | references[model.id]
            places[model.id].append(stray.id)
    dependants: dict[str, set[str]] = {step_id: set() for step_id in references}
    for step_id, targets in references.items():
        for target in targets:
            for place in places[target]:
                dependants[place].add(step_id)
    return dependants


def _is_near(kind: str, known: Collection[str]) -> bool:
    """Return whether a kind is known, or of a provider (`AWS::…`) of which another one is known."""
    provider = f"{kind.partition('::')[0]}::"
    return kind in known or (provider != OWN_KINDS and any(other.startswith(provider) for other in known))


def _all_listed(drivers: Mapping[str, Driver], cancelled: threading.Event) -> list[Step]:
    """Return what the drivers list, all asked at the same time."""
    found: dict[str, list[Step]] = {}

    def ask(kind: str) -> None:
        found[kind] = _listed(drivers[kind])

    failures, unasked = walk({kind: set() for kind in drivers}, ask, cancelled=cancelled)
    for error in failures.values():
        raise error
    if unasked:
        message = "interrupted before anything was changed"
        raise PendingError(message, hint="run the same command again")
    return [step for kind in drivers for step in found[kind]]


def _listed(driver: Driver) -> list[Step]:
    try:
        return list(driver.existing()) if isinstance(driver, Inventory) else []
    except MldeployError:
        raise
    except Exception as error:
        message = f"looking for leftovers with {type(driver).__name__}: {type(error).__name__}: {error}"
        raise DeployError(message, hint="nothing was changed; run again with --debug for the traceback") from error


def _most_alike(stray: Step, known: Iterable[Step]) -> Step | None:
    alike = [step for step in known if step.kind == stray.kind]
    return max(alike, key=lambda step: len(commonprefix([step.name, stray.name])), default=None)  # noqa: RUF071
