"""What an orb or config defines and others may call: commands, jobs and executors with their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

Kind = Literal["command", "job", "executor"]
SECTIONS: Mapping[Kind, str] = {"command": "commands", "job": "jobs", "executor": "executors"}
BUILT_IN_STEPS = frozenset(
    {
        "add_ssh_keys",
        "attach_workspace",
        "checkout",
        "deploy",
        "persist_to_workspace",
        "restore_cache",
        "run",
        "save_cache",
        "setup_remote_docker",
        "steps",
        "store_artifacts",
        "store_test_results",
        "unless",
        "when",
    }
)
"""Steps of CircleCI itself (configuration reference, "steps"); a command of such a name is never called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A declared parameter; `default` counts only if it is not required."""

    name: str
    type: str
    required: bool
    default: JSON = None
    choices: tuple[JSON, ...] = ()

    @classmethod
    def of(cls, name: str, declared: JSON) -> Parameter:
        """Return the parameter of a declaration; one that is not well formed takes everything."""
        data = mapping(declared)
        choices = data.get("enum")
        return cls(
            name=name,
            type=str(data.get("type", "")),
            required="default" not in data,
            default=data.get("default"),
            choices=tuple(choices) if isinstance(choices, list) else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A command, job or executor."""

    kind: Kind
    name: str
    parameters: Mapping[str, Parameter]
    path: KeyPath
    body: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Everything that one orb or config defines.

    - `orbs`: its imports by their names in it; None for one whose definitions are not at hand.
    - `groups`: the names of its job groups.
    """

    own: Mapping[Kind, Mapping[str, Definition]]
    orbs: Mapping[str, Definitions | None] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()

    def find(self, kind: Kind, name: str) -> Definition | None:
        """Return a definition by the name it is called by, such as `plan` or `mldeploy/plan`."""
        orb, slash, inner = name.partition("/")
        if not slash:
            return self.own[kind].get(name)
        imported = self.orbs.get(orb)
        return imported.own[kind].get(inner) if imported else None

    def may_exist(self, kind: Kind, name: str) -> bool:
        """Return whether a name is defined, or belongs to an orb whose definitions are not at hand."""
        orb, slash, _ = name.partition("/")
        return self.find(kind, name) is not None or bool(slash and orb in self.orbs and self.orbs[orb] is None)

    def names(self, kind: Kind) -> list[str]:
        """Return all names by which something of a kind can be called."""
        imported = [f"{orb}/{name}" for orb, found in self.orbs.items() if found for name in found.own[kind]]
        return [*self.own[kind], *imported]

    def all(self) -> Iterator[Definition]:
        """Yield every own definition."""
        for found in self.own.values():
            yield from found.values()


def definitions_of(value: JSON, path: KeyPath = (), known: Mapping[str, Definitions] | None = None) -> Definitions:
    """Return what an orb or config defines.

    Arguments:
        path: where in the document the orb or config is.
        known: definitions of imported orbs, by the name of the import.
    """
    data = mapping(value)
    own = {kind: _section(data, kind, (*path, section)) for kind, section in SECTIONS.items()}
    orbs: dict[str, Definitions | None] = {}
    for name, orb in mapping(data.get("orbs")).items():
        inline = definitions_of(orb, (*path, "orbs", name), known) if isinstance(orb, dict) else None
        orbs[name] = inline or (known or {}).get(name)
    return Definitions(own=own, orbs=orbs, groups=frozenset(mapping(data.get("job-groups"))))


def mapping(value: JSON) -> Mapping[str, JSON]:
    """Return a value that should be a mapping; an empty one for everything else, which the schema reports."""
    return value if isinstance(value, dict) else {}


def items(value: JSON) -> list[JSON]:
    """Return a value that should be a list; an empty one for everything else, which the schema reports."""
    return value if isinstance(value, list) else []


def _section(data: Mapping[str, JSON], kind: Kind, path: KeyPath) -> Mapping[str, Definition]:
    return {name: _definition(kind, name, body, path) for name, body in mapping(data.get(SECTIONS[kind])).items()}


def _definition(kind: Kind, name: str, body: JSON, path: KeyPath) -> Definition:
    data = mapping(body)
    declared = mapping(data.get("parameters"))
    parameters = {parameter: Parameter.of(parameter, found) for parameter, found in declared.items()}
    return Definition(kind=kind, name=name, parameters=parameters, path=(*path, name), body=data)
