"""What a described step has to keep to, beyond its types."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mldeploy.model import JSON, Ref, Step
from mldeploy.record import Record

KIND = re.compile(r"[A-Za-z0-9.-]+(::[A-Za-z0-9.-]+)+")
LONGEST_NAME = 255
METHODS = {"read": 1, "apply": 2, "delete": 2}
"""The methods of a driver and how many arguments each is given."""


def faults(step: Step) -> Iterator[str]:
    """Yield what is wrong with one step."""
    if not KIND.fullmatch(step.kind):
        yield f"{step.id}: a kind is the provider's type name, such as AWS::S3::Bucket, or Word::Word of your own"
    if not step.name or len(step.name) > LONGEST_NAME or any(not c.isprintable() or c.isspace() for c in step.name):
        yield f"{step.id}: a name has 1 to {LONGEST_NAME} printable characters without white space"
    for part, refs in (("spec", True), ("settings", False)):
        yield from (f"{step.id}: {fault}" for fault in _json_faults(getattr(step, part), part, refs=refs))


def driver_faults(kind: str, driver: Any) -> Iterator[str]:
    """Yield what a driver lacks."""
    for name, count in METHODS.items():
        method = getattr(driver, name, None)
        if not callable(method):
            yield f"the driver of {kind} has no method {name}"
            continue
        try:
            inspect.signature(method).bind(*range(count))
        except TypeError as error:
            yield f"{name} of the driver of {kind} cannot be called with {count} arguments: {error}"


def record_faults(steps: Sequence[Step], plugins: Sequence[str]) -> Iterator[str]:
    """Yield the steps that a record does not give back as they were."""
    record = Record(number=1, name="name", env="env", started="", config={}, tags={}, plugins=plugins, steps=steps)
    read = Record.from_json(json.loads(json.dumps(record.to_json())))
    for before, after in zip(steps, read.steps, strict=True):
        if before != after:
            yield f"{before.id} changes when it is recorded: {before} became {after}"


def _json_faults(value: JSON, path: str, *, refs: bool) -> Iterator[str]:
    if isinstance(value, Ref):
        if not refs:
            yield f"{path} holds a Ref; refs belong into the spec"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{path} has the key {key!r}; keys are texts"
            yield from _json_faults(item, f"{path}.{key}", refs=refs)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _json_faults(item, f"{path}[{index}]", refs=refs)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value}, which JSON cannot say"
    elif value is not None and not isinstance(value, bool | int | float | str):
        yield f"{path} is a {type(value).__name__}; JSON data is None, bool, int, float, str, list and dict"
