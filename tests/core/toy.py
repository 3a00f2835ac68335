"""A small world in memory with real drivers over it, and deployments against it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mldeploy.context import Context
from mldeploy.deployment import Deployment
from mldeploy.events import Event
from mldeploy.graph import settle
from mldeploy.model import Observed, Phase, Ref, Step, Task
from mldeploy.state_files import FileStateStore

THING = "Toy::Thing"
CHECK = "Toy::Check"


@dataclass
class World:
    """Things by step id: what they are, and whether they carry our tags. `calls` is everything drivers were asked."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    hook: Callable[[str], None] = lambda _call: None
    serial: Any = field(default_factory=itertools.count)
    _saying: threading.Lock = field(default_factory=threading.Lock)

    def say(self, call: str) -> None:
        with self._saying:
            self.calls.append(call)
        self.hook(call)

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("read", "check"))]

    def forget_calls(self) -> None:
        self.calls.clear()


@dataclass
class ThingDriver:
    """Keeps things in the world; says before and after every change. Its only output that is not known is `Id`."""

    world: World

    def read(self, step: Step) -> Observed | None:
        self.world.say(f"read {step.id}")
        thing = self.world.things.get(step.id)
        if thing is None:
            return None
        owned = step.id not in self.world.foreign
        looked_up = step.id in self.world.looked_up
        return Observed(outputs={"Id": thing["id"]}, spec=thing["spec"], owned=owned, looked_up=looked_up)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        verb = "create" if observed is None else "update"
        self.world.say(f"{verb} {step.id}")
        thing = self.world.things.get(step.id) or {"id": f"id-{next(self.world.serial)}"}
        self.world.things[step.id] = {**thing, "spec": dict(step.spec)}
        self.world.foreign.discard(step.id)
        self.world.hook(f"after {verb} {step.id}")
        return {"Id": thing["id"]}

    def delete(self, step: Step, observed: Observed) -> None:
        self.world.say(f"delete {step.id}")
        self.world.things.pop(step.id, None)
        self.world.hook(f"after delete {step.id}")


@dataclass
class CheckDriver(Task):
    world: World

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        self.world.say(f"check {step.id}")
        return {"Status": "passed"}


def thing(name: str, *needs: Step | str, phase: Phase = Phase.PROVISION, **options: Any) -> Step:
    """Return a step that refers to the ids of others (steps, or roles such as `@image`)."""
    spec = dict(options.pop("spec", {}))
    for number, need in enumerate(needs):
        spec[f"need{number}"] = need.ref("Id") if isinstance(need, Step) else Ref(need, "Id")
    return Step(kind=THING, name=name, phase=phase, spec=spec, **options)


def check(name: str, *needs: Step) -> Step:
    return Step(kind=CHECK, name=name, phase=Phase.VERIFY, spec={str(i): s.ref("Id") for i, s in enumerate(needs)})


@dataclass
class Toy:
    """A project folder with a world; `deployment` opens it as one command would."""

    folder: Path
    world: World = field(default_factory=World)
    events: list[Event] = field(default_factory=list)
    keep: int = 3
    adopt: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def store(self) -> FileStateStore:
        return FileStateStore(self.folder / "state")

    def deployment(self, *steps: Step) -> Deployment:
        context = Context(
            name="toy",
            env="test",
            root=self.folder,
            config={},
            tags={},
            find_provider=lambda _kind, _context: None,
            emit=self.events.append,
            cancelled=self.cancelled,
        )
        return Deployment(
            context=context,
            store=self.store,
            drivers={THING: ThingDriver(self.world), CHECK: CheckDriver(self.world)},
            steps=settle(steps),
            plugins=["toy"],
            keep=self.keep,
            command="test",
            adopt=self.adopt,
        )

    def run(self, *steps: Step, **options: Any) -> Any:
        return self.deployment(*steps).run(**options)

    def actions(self, *steps: Step) -> dict[str, str]:
        """Return step name → planned action."""
        return {change.step.name: change.action.value for change in self.deployment(*steps).plan().changes}

    @property
    def names(self) -> set[str]:
        """The names of what exists."""
        return {step_id.partition("/")[2] for step_id in self.world.things}


def fails_at(call: str, error: Exception) -> Callable[[str], None]:
    """Return a world's hook that raises at one call."""

    def hook(said: str) -> None:
        if said == call:
            raise error

    return hook


def names_of(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]
