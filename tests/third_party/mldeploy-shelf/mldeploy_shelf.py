"""The plugin `shelf`: puts a table of answers on a shelf, which is a folder, and serves predictions from it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mldeploy import Observed, Phase, Problem, Ref, Step, hookimpl
from mldeploy.doors import Answer

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Release
    from mldeploy.model import JSON

ITEM = "Shelf::Item"
LABEL = "Shelf::Label"


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `shelf`."""
    return {
        "type": "object",
        "properties": {
            "shelf": {
                "description": "What stands on the shelf, and where the shelf is.",
                "type": "object",
                "additionalProperties": False,
                "default": {},
                "properties": {
                    "folder": {"description": "The shelf.", "type": "string", "default": "shelf"},
                    "answers": {
                        "description": "A JSON file: text → prediction.",
                        "type": "string",
                        "default": "answers.json",
                    },
                },
            }
        },
    }


@hookimpl
def mldeploy_provision(release: Release) -> Iterator[Step | Problem]:
    """Describe the item: it never changes, another table is another item."""
    answers = release.root / release.value("shelf.answers")
    if not answers.is_file():
        message = f"there is no file {release.value('shelf.answers')}"
        yield Problem(message=message, path=("shelf", "answers"), hint='write {"text": "prediction"} there')
        return
    yield Step(
        kind=ITEM,
        name=release.resource_name,
        phase=Phase.PROVISION,
        spec={"Sha256": hashlib.sha256(answers.read_bytes()).hexdigest()},
        provides="endpoint",
        immutable=True,
    )


@hookimpl
def mldeploy_expose(release: Release) -> Iterator[Step]:
    """Describe the label: it says which item is taken from the shelf."""
    spec = {"Item": Ref("@endpoint", Ref.NAME)}
    yield Step(kind=LABEL, name=release.resource_name, phase=Phase.EXPOSE, spec=spec, provides="api")


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive items and labels."""
    return {ITEM: ItemDriver(context), LABEL: LabelDriver(context)}


@hookimpl
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the door `caller`."""
    return ShelfCaller(shelf_of(context), context) if kind == "caller" else None


def shelf_of(context: Context) -> Path:
    """Return the folder that is the shelf."""
    return context.root / str(context.config["shelf"]["folder"])


class ItemDriver:
    """Spec: Sha256 of the table. Outputs: Path."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Look the item up by its name."""
        path = self._path(step)
        return Observed(outputs={"Path": str(path)}) if path.is_file() else None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Put the table on the shelf."""
        path = self._path(step)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((self._context.root / self._context.config["shelf"]["answers"]).read_bytes())
        return {"Path": str(path)}

    def delete(self, step: Step, observed: Observed) -> None:
        """Take it from the shelf."""
        self._path(step).unlink(missing_ok=True)

    def _path(self, step: Step) -> Path:
        return shelf_of(self._context) / f"{step.name}.json"


class LabelDriver:
    """Spec: Item. Outputs: Url."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return what the label says."""
        path = self._path(step)
        if not path.is_file():
            return None
        return Observed(outputs={"Url": path.as_uri()}, spec={"Item": path.read_text(encoding="utf-8")})

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Write the label."""
        self._path(step).write_text(step.spec["Item"], encoding="utf-8")
        return {"Url": self._path(step).as_uri()}

    def delete(self, step: Step, observed: Observed) -> None:
        """Tear the label off."""
        self._path(step).unlink(missing_ok=True)

    def _path(self, step: Step) -> Path:
        return shelf_of(self._context) / f"{step.name}.label"


class ShelfCaller:
    """Sends requests to the item that the label names."""

    def __init__(self, shelf: Path, context: Context) -> None:
        self._shelf = shelf
        self._label = shelf / f"{context.name}-{context.env}.label"

    @property
    def url(self) -> str:
        """The label's address."""
        return self._label.as_uri()

    def credentials(self) -> Mapping[str, str]:
        """Return nothing: everybody may take from the shelf."""
        return {}

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Look the instances up in the table."""
        started = time.monotonic()
        item = self._shelf / f"{self._label.read_text(encoding='utf-8')}.json"
        table = json.loads(item.read_text(encoding="utf-8"))
        found = [table.get(instance) for instance in json.loads(body)["instances"]]
        answer = json.dumps({"predictions": found}).encode()
        return Answer(
            status=200,
            headers={"content-type": "application/json"},
            body=answer,
            seconds=time.monotonic() - started,
        )
