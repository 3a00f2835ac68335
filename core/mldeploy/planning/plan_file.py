"""A plan as a file: what was reviewed is what is applied, or nothing is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy import __version__
from mldeploy.encryption import encryption_json
from mldeploy.errors import RefusedError, UsageError
from mldeploy.model import JSON, Action, Step
from mldeploy.planning.plan_text import plan_json
from mldeploy.running_cost import running_cost

if TYPE_CHECKING:
    from mldeploy.deployment import Deployment
    from mldeploy.planning.planner import Plan

FORMAT = 1
LARGEST = 16 * 1024 * 1024
"""Bytes that a plan file may have; a plan of a thousand steps has about two million."""
KEYS = {
    "format",
    "name",
    "env",
    "adopt",
    "release",
    "cost",
    "encryption",
    "changes",
    "counts",
    "mutations",
    "steps",
    "digest",
}
HINT = "write one with `mldeploy plan --out FILE`"


def plan_document(plan: Plan, deployment: Deployment) -> dict[str, JSON]:
    """Return a plan as the JSON data that a plan file holds.

    The digest covers what would be done: name, environment, the wanted steps, the changes and their reasons. It does
    not cover when the plan was made and what it costs.
    """
    context = deployment.context
    document = {
        "format": FORMAT,
        "mldeploy": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": context.name,
        "env": context.env,
        "adopt": deployment.adopt,
        "release": _sha256(context.config),
        "cost": running_cost(plan, deployment),
        "encryption": encryption_json(deployment.protection(deployment.steps)),
        **plan_json(plan),
        "steps": [_step_to_json(step) for step in deployment.steps],
    }
    return {**document, "digest": digest_of(document)}


def digest_of(document: Mapping[str, JSON]) -> str:
    """Return the digest of what a plan would do, as `sha256:` and 64 hex digits."""
    done = [change for change in document["changes"] if change["action"] != Action.KEEP.value]
    return _sha256(
        {
            **{key: document[key] for key in ("format", "name", "env", "adopt")},
            "steps": sorted(document["steps"], key=lambda step: step["id"]),
            "changes": sorted([change["step"], change["action"], change["reason"]] for change in done),
        }
    )


def write_plan_file(path: Path, document: Mapping[str, JSON]) -> None:
    """Write a plan file.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        message = f"the plan cannot be written to {path}: {error.strerror}"
        raise UsageError(message, hint="name a file in a folder that exists and is writable") from error


def read_plan_file(path: Path, expected_digest: str | None = None) -> dict[str, JSON]:
    """Return the plan that `write_plan_file` wrote.

    Arguments:
        expected_digest: the digest that was reviewed, when it is known from elsewhere than the file.

    Raises:
        UsageError: there is no such file, or it is none of ours.
        RefusedError: it was changed after it was written, or is not the reviewed one.
    """
    document, actual = _read(path)
    if document["format"] != FORMAT:
        message = f"{path} has plan format {document['format']}; mldeploy {__version__} reads format {FORMAT}"
        raise UsageError(message, hint="plan and apply with the same version")
    if document["digest"] != actual:
        message = f"{path} was changed after it was written: its digest does not fit its content"
        raise RefusedError(message, hint="plan again, and hand the file on as it is")
    if expected_digest not in {None, actual}:
        message = f"{path} is not the reviewed plan: its digest is {actual}, not {expected_digest}"
        raise RefusedError(message, hint="apply the file that the reviewed digest belongs to, or review this one")
    return document


def _read(path: Path) -> tuple[dict[str, JSON], str]:
    """Return the document and the digest of its content."""
    try:
        if path.stat().st_size <= LARGEST:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document.keys() >= KEYS:
                return document, digest_of(document)
    except OSError as error:
        message = f"the plan file {path} cannot be read: {error.strerror}"
        raise UsageError(message, hint=HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    message = f"{path} is not a plan file"
    raise UsageError(message, hint=HINT)


def _step_to_json(step: Step) -> dict[str, JSON]:
    plain: dict[str, JSON] = json.loads(json.dumps(asdict(step), default=_enum_value))
    return {"id": step.id, **plain}


def _enum_value(value: object) -> JSON:
    if isinstance(value, Enum):
        return value.value
    message = f"not JSON data: {value!r}"
    raise TypeError(message)


def _sha256(value: JSON) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
