"""The values that plugins and the core exchange: all of them frozen data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from mldeploy.errors import Position
    from mldeploy.limits import Chain

JSON = Any
"""JSON data: None, bool, int, float, str, list and dict of these; in a step's spec also `Ref`, and `Later` where a
plugin describes it."""


NAME_TAG = "mldeploy:name"
ENVIRONMENT_TAG = "mldeploy:environment"
"""The two tags that every resource of a release carries and by which it is known as ours."""


class Phase(Enum):
    """The four phases, in the order in which they run."""

    BUILD = "build"
    PROVISION = "provision"
    EXPOSE = "expose"
    VERIFY = "verify"


class Action(Enum):
    """What the executor does with a step."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    DELETE = "delete"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Ref:
    """An output of another step; dependencies are derived from these and nobody writes an order.

    `step` is the id of a step (`kind/name`) or `@role`, the step that provides that role (see `Step.provides`).
    `key` is an output of its driver, or `Ref.NAME`, which is known before the step has run.
    """

    step: str
    key: str

    NAME = "name"


@dataclass(frozen=True, slots=True)
class Later:
    """A value in a spec that takes reading files, such as their hash: found for a plan, not to check a release file."""

    find: Callable[[], JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that should exist (or one task that should run), described as data.

    - `kind`: the provider's own type name, such as `AWS::SageMaker::Endpoint`; own kinds are `mldeploy::Word`.
    - `name`: unique within the kind. With `immutable`, the planner appends a hash of the spec, so that a change of
      content is a new step and the old one is swept later.
    - `spec`: the properties we manage, named as the provider names them; values may hold `Ref`.
    - `settings`: how to apply (deadlines in seconds and the like); never compared, never a reason to change.
    - `provides`: a role other plugins may refer to as `@role`: image, model-data, endpoint, function, api.
    - `lazy`: make it only when a step that refers to it has to change (a virtual environment, a trained model).
    """

    kind: str
    name: str
    phase: Phase
    spec: Mapping[str, JSON] = field(default_factory=dict)
    settings: Mapping[str, JSON] = field(default_factory=dict)
    provides: str = ""
    immutable: bool = False
    lazy: bool = False

    @property
    def id(self) -> str:
        """The key of this step in plans, records and refs."""
        return f"{self.kind}/{self.name}"

    def ref(self, key: str) -> Ref:
        """Return a reference to an output of this step."""
        return Ref(self.id, key)

    def refs(self) -> Iterator[Ref]:
        """Yield every reference in the spec."""
        return find_refs(self.spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a driver found in the world.

    `spec` holds the live values of the managed properties in the step's own vocabulary, so that the core can compare
    key by key; `outputs` is what other steps may refer to; `owned` is False when our tags are missing. `drift` says in
    words what differs that no property tells, such as a tag; it is put right in immutable things, too.
    `looked_up` is True where nothing is made: what was found is not of the release, and stays when it is destroyed.
    `note` is what reviewers of a plan see beside a task that has looked something up. Secrets appear nowhere here.
    """

    outputs: Mapping[str, JSON] = field(default_factory=dict)
    spec: Mapping[str, JSON] = field(default_factory=dict)
    owned: bool = True
    drift: tuple[str, ...] = ()
    looked_up: bool = False
    note: str = ""


class Driver(Protocol):
    """Reads and changes one kind of thing. The executor calls drivers from several threads.

    Every `Step` that a driver is given carries its final name and a spec whose refs are resolved; in `read`, a value
    that cannot be known yet is still a `Ref`.
    """

    def read(self, step: Step) -> Observed | None:
        """Look the thing up; None when it does not exist. Never changes anything."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Create it (`observed` is None) or bring it to the spec, wait until it is usable, return its outputs."""

    def delete(self, step: Step, observed: Observed) -> None:
        """Remove it and wait until it is gone; something already gone is success."""


class Task:
    """Base for drivers of things that are done rather than kept: subclasses write `apply` only."""

    def read(self, step: Step) -> Observed | None:  # noqa: ARG002 - a task has no state to read
        """Return None: a task runs each time."""
        return None

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: a task leaves nothing behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What has to happen to one step, and why."""

    action: Action
    step: Step
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A validated release.yaml with one environment's overlay applied; made only by the loader.

    `config` has every default filled in; `chain` is the limit chain of the request path.
    """

    name: str
    env: str
    config: Mapping[str, JSON]
    root: Path
    tags: Mapping[str, str]
    chain: Chain
    positions: Mapping[tuple[str | int, ...], Position]

    @property
    def resource_name(self) -> str:
        """The stem of every resource name: `<name>-<env>`."""
        return f"{self.name}-{self.env}"

    def value(self, path: str) -> JSON:
        """Return the value at a dotted path such as `instance.type`, or None."""
        found: JSON = self.config
        for key in path.split("."):
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
        return found


def find_refs(value: JSON) -> Iterator[Ref]:
    """Yield the references inside JSON data, depth first."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_refs(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find_refs(item)


def content_hash(value: JSON) -> str:
    """Return eight hex digits that change when the JSON data (refs included) changes."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which checking a release does not need

    def encode(ref: object) -> JSON:
        if isinstance(ref, Ref):
            return {"$ref": [ref.step, ref.key]}
        message = f"not JSON data: {ref!r}"
        raise TypeError(message)

    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=encode)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
