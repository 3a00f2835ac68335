"""The base of all AWS drivers: clients, ownership by tags, and errors that name cause and fix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from mldeploy import DeployError, Observed, RefusedError, Step
from mldeploy.model import ENVIRONMENT_TAG, NAME_TAG
from mldeploy_aws.answers import is_answer, says_exists
from mldeploy_aws.denials import CODES as DENIALS
from mldeploy_aws.failures import AnswerLostError, code_of, translated

if TYPE_CHECKING:
    from mldeploy import Context, Phase
    from mldeploy.model import JSON
    from mldeploy_aws.world import Aws

T = TypeVar("T")
PERHAPS = {"Perhaps": True}
"""Settings of a step for something that may never have been made."""
MOST_LOOKS = 5
LOOK_SECONDS = 1.0
LOST_SIGHT_SECONDS = 3.0
"""How long a resource may take to be seen before a call without an answer counts as not done."""
EXISTS_SIGHT_SECONDS = 60.0
"""The same for one that AWS says to exist already."""


class AwsDriver(ABC):
    """Drives one kind; subclasses write `find`, `create`, `update` and `remove`.

    `parents` names the spec properties without which the resource cannot be looked up: while one of them is a ref
    whose value is not known, the resource cannot exist.
    """

    service: ClassVar[str]
    parents: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def aws(self) -> Aws:
        """The account and region."""
        found: Aws = self.context.provider("aws")
        return found

    @property
    def client(self) -> Any:
        """The boto3 client of the service."""
        return self.aws.client(self.service)

    @property
    def stem(self) -> str:
        """What the names of this release's resources begin with."""
        return f"{self.context.name}-{self.context.env}"

    def read(self, step: Step) -> Observed | None:
        """Look the resource up; what only may exist is absent where we may not look: we could not have made it."""
        if any(not isinstance(step.spec[key], str) for key in self.parents):
            return None
        with translated(f"reading {step.id}"):
            try:
                return self.find(step)
            except Exception as error:
                if step.settings != PERHAPS or not is_answer(error) or code_of(error) not in DENIALS:
                    raise
                return None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Create or update the resource; where a call may have been done unseen, look before it is made again.

        Raises:
            RefusedError: somebody else made a resource of this name in the meantime.
        """
        with translated(f"{'creating' if observed is None else 'updating'} {step.id}"):
            if observed is not None and observed.drift:
                self.put_tags(step, observed)
                if step.immutable or is_as_wanted(step, observed):
                    return observed.outputs
            for _ in range(MOST_LOOKS):
                try:
                    return self.create(step) if observed is None else self.update(step, observed)
                except Exception as error:
                    found = self._found_after(step, error)
                    if found is None and not isinstance(error, AnswerLostError):
                        raise
                if found is not None and observed is None:
                    _refuse_foreign(step, found)
                    if step.immutable or is_as_wanted(step, found):
                        return found.outputs
                observed = found
            return self.create(step) if observed is None else self.update(step, observed)

    def delete(self, step: Step, observed: Observed) -> None:
        """Remove the resource; where a call may have been done unseen, go on from what is left."""
        with translated(f"deleting {step.id}"):
            for _ in range(MOST_LOOKS):
                try:
                    return self.remove(step, observed)
                except AnswerLostError:
                    left = self.find(step)
                if left is None:
                    return None
                observed = left
            return self.remove(step, observed)

    def existing(self) -> Iterable[Step]:
        """Yield the `candidates`; a refusal names the action to allow, as everywhere."""
        with translated(f"looking for leftovers ({type(self).__name__.removesuffix('Driver')})"):
            yield from self.candidates()

    def candidates(self) -> Iterable[Step]:
        """Yield steps for what exists under names that this release may have given, ours or not; nothing by default.

        It finds what no record knows any more. Only names, phases, what `find` and `remove` need, and refs to what has
        to go later are filled in.
        """
        return ()

    @staticmethod
    def perhaps(kind: str, name: str, phase: Phase, spec: Mapping[str, JSON] | None = None) -> Step:
        """Return a step for something of a known name that may exist, for `candidates`."""
        return Step(kind=kind, name=name, phase=phase, spec=spec or {}, settings=PERHAPS)

    @abstractmethod
    def find(self, step: Step) -> Observed | None:
        """Return what is there, or None."""

    @abstractmethod
    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create it and return its outputs."""

    @abstractmethod
    def remove(self, step: Step, observed: Observed) -> None:
        """Delete it and wait until it is gone."""

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - subclasses use it
        """Bring it to the spec and return its outputs.

        Raises:
            DeployError: this kind cannot be changed in place; subclasses that can do.
        """
        message = f"{step.id} cannot be changed in place"
        raise DeployError(message, hint="delete it by hand and run again")

    def put_tags(self, step: Step, observed: Observed) -> None:
        """Put our tags on a resource that lacks some.

        Raises:
            DeployError: this kind takes no tags; drivers that report `drift` of tags can put them back.
        """
        message = f"{step.id} takes no tags"
        raise DeployError(message, hint=f"what it lacks: {'; '.join(observed.drift)}")

    def outputs_of(self, step: Step) -> Mapping[str, JSON]:
        """Return the outputs of a resource that must exist now."""
        found = self.find(step)
        if found is None:
            message = f"{step.id} is not there right after it was made"
            raise DeployError(message, hint="run again: AWS may need a moment to show it")
        return found.outputs

    def _found_after(self, step: Step, error: Exception) -> Observed | None:
        """Return what is there after a call that was perhaps done; None after any other error.

        What was just made may need a moment until it is seen.
        """
        lost, exists = isinstance(error, AnswerLostError), says_exists(error)
        if not (lost or exists):
            return None
        patience = self.aws.contract.patience
        deadline = patience.clock() + (LOST_SIGHT_SECONDS if lost else EXISTS_SIGHT_SECONDS)
        while (found := self.find(step)) is None and patience.clock() < deadline:
            patience.sleep(LOOK_SECONDS)
        return found

    def tags(self) -> dict[str, str]:
        """Return the tags of the release as a map."""
        return dict(self.context.tags)

    def tag_list(self) -> list[dict[str, str]]:
        """Return the tags of the release as Key/Value pairs."""
        return [{"Key": key, "Value": value} for key, value in self.context.tags.items()]

    def tag_drift(self, tags: Mapping[str, str] | Iterable[Mapping[str, str]]) -> tuple[str, ...]:
        """Return in words which of our tags are missing or changed among those of a resource (see `owns`)."""
        found = tag_map(tags)
        wanted = self.context.tags.items()
        return tuple(f"tag {key}: {found.get(key)} → {value}" for key, value in wanted if found.get(key) != value)

    def recorded(self, step: Step, output: str) -> JSON:
        """Return an output of a step as a kept record has it; None where none does.

        It tells apart what has no unique name, when somebody has removed our tags from it.
        """
        return self.context.outputs(step.id).get(output)

    def owns(self, tags: Mapping[str, str] | Iterable[Mapping[str, str]]) -> bool:
        """Return whether tags (a map or Key/Value pairs) say that this release made the resource."""
        found = tag_map(tags)
        return all(found.get(key) == self.context.tags[key] for key in (NAME_TAG, ENVIRONMENT_TAG))


def tag_map(tags: Mapping[str, str] | Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as a map, from a map or from Key/Value pairs."""
    return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}


def is_as_wanted(step: Step, observed: Observed) -> bool:
    """Return whether a live resource has all values that its step wants."""
    return all(key in observed.spec and observed.spec[key] == value for key, value in step.spec.items())


def _refuse_foreign(step: Step, found: Observed) -> None:
    if not found.owned:
        message = f"{step.id} was made by somebody else in the meantime: it does not carry our tags"
        raise RefusedError(message, hint="rename the release, remove the resource, or take it over with --adopt")


def found_or_none(call: Callable[[], T], *codes: str, text: str = "") -> T | None:
    """Return what a read returns, or None when it fails with one of the codes (and the text, if one is given)."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - drivers are imported before any AWS is needed

    try:
        return call()
    except ClientError as error:
        if code_of(error) in codes and text in str(error):
            return None
        raise
