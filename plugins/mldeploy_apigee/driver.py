"""The base of all Apigee drivers: the door, ownership, and looking again where a call may have been done unseen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mldeploy import Observed, RefusedError, Step
from mldeploy.model import ENVIRONMENT_TAG, NAME_TAG
from mldeploy_apigee.failures import AnswerLostError, ApigeeError, translated

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.model import JSON
    from mldeploy_apigee.world import Apigee

EXISTS = "ALREADY_EXISTS"
MOST_LOOKS = 5


class ApigeeDriver(ABC):
    """Drives one kind; subclasses write `find`, `create`, `update` and `remove`.

    `parents` names the spec properties without which the resource cannot be looked up. `create` makes one thing by its
    first call; what follows in it is what `update` does, too.
    """

    parents: ClassVar[tuple[str, ...]] = ("organization",)

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def apigee(self) -> Apigee:
        """The management API."""
        found: Apigee = self.context.provider("apigee")
        return found

    @property
    def stem(self) -> str:
        """What the names of this release's resources begin with."""
        return f"{self.context.name}-{self.context.env}"

    @property
    def mark(self) -> str:
        """What says in a description that this release made something."""
        return " ".join(f"{key}={self.context.tags[key]}" for key in (NAME_TAG, ENVIRONMENT_TAG))

    def read(self, step: Step) -> Observed | None:
        """Look the resource up."""
        if any(not isinstance(step.spec.get(key), str) for key in self.parents):
            return None
        with translated(f"reading {step.id}"):
            return self.find(step)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Create or update the resource; where a call may have been done unseen, look before it is made again.

        Raises:
            RefusedError: somebody else made a resource of this name in the meantime.
        """
        with translated(f"{'creating' if observed is None else 'updating'} {step.id}"):
            for _ in range(MOST_LOOKS):
                try:
                    return self.create(step) if observed is None else self.update(step, observed)
                except AnswerLostError:
                    observed = self.find(step)
                except ApigeeError as error:
                    if error.reason != EXISTS:
                        raise
                    observed = self.find(step)
                _refuse_foreign(step, observed)
            return self.create(step) if observed is None else self.update(step, observed)

    def delete(self, step: Step, observed: Observed) -> None:
        """Remove the resource; what is gone already is fine."""
        with translated(f"deleting {step.id}"):
            self.remove(step, observed)

    def existing(self) -> Iterable[Step]:
        """Yield steps for what exists under names that this release may have given; nothing by default."""
        return ()

    @abstractmethod
    def find(self, step: Step) -> Observed | None:
        """Return what is there, or None."""

    @abstractmethod
    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create it and return its outputs."""

    @abstractmethod
    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Bring it to the spec and return its outputs."""

    @abstractmethod
    def remove(self, step: Step, observed: Observed) -> None:
        """Delete it and wait until it is gone."""

    def attributes(self) -> list[dict[str, str]]:
        """Return our tags as custom attributes."""
        return [{"name": key, "value": value} for key, value in self.context.tags.items()]

    def owns(self, found: Mapping[str, Any]) -> bool:
        """Return whether custom attributes say that this release made something."""
        live = _attributes(found)
        return all(live.get(key) == self.context.tags[key] for key in (NAME_TAG, ENVIRONMENT_TAG))

    def drift(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        """Return in words which of our tags are missing or changed among the custom attributes."""
        live = _attributes(found)
        wanted = self.context.tags.items()
        return tuple(f"tag {key}: {live.get(key)} → {value}" for key, value in wanted if live.get(key) != value)


def _attributes(found: Mapping[str, Any]) -> dict[str, str]:
    return {item["name"]: item.get("value", "") for item in found.get("attributes", ())}


def _refuse_foreign(step: Step, found: Observed | None) -> None:
    if found is not None and not found.owned:
        message = f"{step.id} was made by somebody else in the meantime: it does not say that this release made it"
        raise RefusedError(message, hint="rename the release, remove the resource, or take it over with --adopt")
