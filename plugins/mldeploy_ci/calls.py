"""Check calls: does what is called exist, and does it take these arguments?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy.suggestions import suggestion
from mldeploy.wording import quoted
from mldeploy_ci.definitions import BUILT_IN_STEPS, Definition, Definitions, Kind, items, mapping
from mldeploy_ci.findings import Finding
from mldeploy_ci.values import interpolations, misfit

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

CONDITIONS = ("when", "unless")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something called by name; `given` names further arguments, such as those of a matrix."""

    kind: Kind
    name: str
    arguments: Mapping[str, JSON]
    path: KeyPath
    given: frozenset[str] = frozenset()


def check_call(call: Call, scope: Definitions) -> Iterator[Finding]:
    """Yield what is wrong with a call; nothing about an orb whose definitions are not at hand."""
    definition = scope.find(call.kind, call.name)
    if definition is not None:
        yield from _check_arguments(call, definition, scope)
    elif not scope.may_exist(call.kind, call.name):
        yield _undefined(call, scope)


def check_steps(steps: JSON, path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    """Yield what is wrong with the calls in a list of steps, those in conditions included."""
    for index, step in enumerate(items(steps)):
        where = (*path, index)
        if isinstance(step, str) and not any(interpolations(step)):
            yield from _check_step(step, None, where, scope)
        elif isinstance(step, dict) and len(step) == 1:
            ((name, inner),) = step.items()
            yield from _check_step(name, inner, (*where, name), scope)
        elif isinstance(step, dict) and step:
            names = ", ".join(step)
            hint = "indent what belongs to the first key one level further"
            yield Finding(rule="step-keys", message=f"a step has one key, not {names}", path=where, hint=hint)


def check_executor(value: JSON, path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    """Yield what is wrong with a reference to an executor."""
    data = mapping(value)
    name = data.get("name") if data else value
    if isinstance(name, str) and not any(interpolations(name)):
        arguments = {key: inner for key, inner in data.items() if key != "name"}
        yield from check_call(Call(kind="executor", name=name, arguments=arguments, path=path), scope)


def _check_step(name: str, inner: JSON, path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    if name in CONDITIONS:
        yield from check_steps(mapping(inner).get("steps"), (*path, "steps"), scope)
    elif name == "steps":
        yield from check_steps(inner, path, scope)
    elif name not in BUILT_IN_STEPS:
        yield from check_call(Call(kind="command", name=name, arguments=mapping(inner), path=path), scope)


def _check_arguments(call: Call, definition: Definition, scope: Definitions) -> Iterator[Finding]:
    for name, value in call.arguments.items():
        path = (*call.path, name)
        parameter = definition.parameters.get(name)
        if parameter is None:
            message = f"{definition.kind} '{call.name}' has no parameter {quoted(name)}"
            hint = suggestion(name, definition.parameters, listed="its parameters")
            yield Finding(rule="unknown-argument", message=message, path=path, hint=hint, about_key=True)
        elif wrong := misfit(value, parameter):
            yield Finding(rule="argument-type", message=f"{name}: {wrong}", path=path, hint="CircleCI converts nothing")
        elif parameter.type == "steps":
            yield from check_steps(value, path, scope)
        elif parameter.type == "executor":
            yield from check_executor(value, path, scope)
    needed = [name for name, parameter in definition.parameters.items() if parameter.required]
    missing = [name for name in needed if name not in call.arguments and name not in call.given]
    if missing:
        message = f"{definition.kind} '{call.name}' needs {', '.join(missing)}"
        hint = f"add `{missing[0]}:` with a value"
        yield Finding(rule="missing-argument", message=message, path=call.path, hint=hint, about_key=True)


def _undefined(call: Call, scope: Definitions) -> Finding:
    orb, slash, _ = call.name.partition("/")
    if slash and orb not in scope.orbs:
        message = f"the orb {quoted(orb)} is not imported"
        hint = suggestion(orb, scope.orbs, listed="imported orbs") or "add it below `orbs:`"
        return Finding(rule="undefined-orb", message=message, path=call.path, hint=hint, about_key=True)
    known = [*scope.names(call.kind), *(BUILT_IN_STEPS if call.kind == "command" else ())]
    message = f"there is no {call.kind} {quoted(call.name)}"
    hint = suggestion(call.name, known, listed=f"{call.kind}s here")
    return Finding(rule=f"undefined-{call.kind}", message=message, path=call.path, hint=hint, about_key=True)
