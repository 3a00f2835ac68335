"""How faithful the sandbox is, call by call: found from the planes, the rules and moto itself."""

from __future__ import annotations

import importlib
import inspect
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType

from botocore import xform_name
from moto.backends import get_backend

from mldeploy_sandbox.assembly import Assembly
from mldeploy_sandbox.plane import Key
from mldeploy_sandbox.rules import Rule, declared_rules
from mldeploy_sandbox.world import World


class Answerer(Enum):
    """Who answers an operation; the values are words for the page."""

    SANDBOX = "the sandbox"
    MOTO = "moto"
    NOBODY = "nobody (501)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """One operation: who answers it, and the rules that are enforced on it."""

    service: str
    operation: str
    answerer: Answerer
    rules: tuple[Rule, ...]


def fidelity(operations: Iterable[Key]) -> list[Fidelity]:
    """Return what is known of some operations, sorted by service and name."""
    own = _own_operations()
    rules = list(declared_rules())
    return [
        Fidelity(
            service=service,
            operation=operation,
            answerer=_answerer((service, operation), own),
            rules=tuple(rule for rule in rules if f"{service}:{operation}" in rule.operations),
        )
        for service, operation in sorted(operations)
    ]


def _own_operations() -> frozenset[Key]:
    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly(World(folder=Path(folder), base_url="http://127.0.0.1"))
        try:
            return frozenset(assembly.answering.operations)
        finally:
            assembly.close()


def _answerer(key: Key, own: frozenset[Key]) -> Answerer:
    if key in own:
        return Answerer.SANDBOX
    return Answerer.MOTO if key[0] == "s3" or _moto_has(*key) else Answerer.NOBODY


def _moto_has(service: str, operation: str) -> bool:
    """Tell whether moto has a handler: a method that is named like the operation."""
    try:
        responses = _responses(service)
    except (ImportError, KeyError):
        return False
    handlers = [found for _, found in inspect.getmembers(responses, inspect.isclass)]
    return any(hasattr(handler, xform_name(operation)) for handler in handlers)


def _responses(service: str) -> ModuleType:
    package = get_backend(service).backend.__module__.split(".")[1]  # type: ignore[call-overload]
    return importlib.import_module(f"moto.{package}.responses")
