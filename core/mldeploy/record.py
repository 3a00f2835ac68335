"""The release record: what was deployed, for rollback and destroy. Advisory: the world itself is the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from mldeploy.model import JSON, Phase, Ref, Step

Outcome = Literal["running", "deployed", "failed", "unrecorded"]
"""`unrecorded` is what a lost record looks like: the world is there, its history is not."""
FORMAT = 1
SHORTEST_COMMIT = 7
"""Digits of an abbreviated commit, as git and CircleCI's deploy markers show it."""


@dataclass(kw_only=True)
class Record:
    """One release in one environment; the only mutable value, saved after every step.

    `number` counts from 1 per environment; `pending` names steps that were started and not finished;
    `restores` is the number of the release that a rollback brought back; `revisions` are the commits that it was
    deployed from.
    """

    number: int
    name: str
    env: str
    started: str
    config: Mapping[str, JSON]
    tags: Mapping[str, str]
    plugins: Sequence[str]
    steps: Sequence[Step]
    outcome: Outcome = "running"
    restores: int | None = None
    revisions: list[str] = field(default_factory=list)
    outputs: dict[str, Mapping[str, JSON]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def release_id(self) -> str:
        """What people and commands call this release: r1, r2, …"""
        return f"r{self.number}"

    @property
    def content_number(self) -> int:
        """The number of the release whose steps these are: its own, or that of the one it restores."""
        return self.restores or self.number

    def was_deployed_from(self, commit: str) -> bool:
        """Return whether a commit, given by seven of its digits or more, was deployed as this release."""
        return len(commit) >= SHORTEST_COMMIT and any(revision.startswith(commit) for revision in self.revisions)

    def to_json(self) -> dict[str, JSON]:
        """Return JSON data that `from_json` reads back."""
        return {
            "format": FORMAT,
            **{key: getattr(self, key) for key in ("number", "name", "env", "started", "outcome", "restores")},
            "config": self.config,
            "tags": dict(self.tags),
            "plugins": list(self.plugins),
            "revisions": list(self.revisions),
            "steps": [_step_to_json(step) for step in self.steps],
            "outputs": dict(self.outputs),
            "pending": sorted(self.pending),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Record:
        """Return the record that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: the data is not a record of this format.
        """
        if data["format"] != FORMAT:
            message = f"record format {data['format']} is not {FORMAT}"
            raise ValueError(message)
        values = {key: value for key, value in data.items() if key not in {"format", "steps", "pending"}}
        return cls(steps=[_step_from_json(step) for step in data["steps"]], pending=set(data["pending"]), **values)


def _step_to_json(step: Step) -> JSON:
    values = {item.name: getattr(step, item.name) for item in fields(step)}
    return {**values, "phase": step.phase.value, "spec": _encode(step.spec), "settings": dict(step.settings)}


def _step_from_json(data: Mapping[str, JSON]) -> Step:
    return Step(**{**data, "phase": Phase(data["phase"]), "spec": _decode(data["spec"])})


def _encode(value: JSON) -> JSON:
    if isinstance(value, Ref):
        return {"$ref": [value.step, value.key]}
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        if set(value) == {"$ref"} and isinstance(value["$ref"], list):
            return Ref(*value["$ref"])
        return {key: _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value
