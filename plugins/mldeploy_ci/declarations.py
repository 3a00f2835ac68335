"""Check what an orb or config declares: its keys, its parameters, and the interpolations that name them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy.suggestions import nearest, suggestion
from mldeploy.wording import quoted
from mldeploy_ci.calls import check_executor, check_steps
from mldeploy_ci.definitions import BUILT_IN_STEPS, Definition, Definitions, Parameter, mapping
from mldeploy_ci.findings import Finding
from mldeploy_ci.values import TYPES, interpolations, misfit, texts

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

SHARED_KEYS = frozenset({"version", "orbs", "commands", "executors", "jobs"})
ORB_KEYS = SHARED_KEYS | {"description", "display", "examples"}
CONFIG_KEYS = SHARED_KEYS | {"parameters", "workflows", "setup", "job-groups", "experimental", "notify"}
SCOPES = ("parameters", "pipeline", "matrix")


def check_top_level(value: Mapping[str, JSON], path: KeyPath, *, is_orb: bool) -> Iterator[Finding]:
    """Yield unknown keys: errors in an orb; in a config, where such keys hold anchors, only what looks like a typo."""
    known = ORB_KEYS if is_orb else CONFIG_KEYS
    for key in value:
        if key in known or (not is_orb and nearest(key, known) is None):
            continue
        message = f"{quoted(key)} is no key of {'an orb' if is_orb else 'a config'}"
        hint = suggestion(key, known, listed="keys here")
        severity: dict[str, JSON] = {} if is_orb else {"severity": "warning"}
        yield Finding(rule="unknown-key", message=message, path=(*path, key), hint=hint, about_key=True, **severity)


def check_definition(definition: Definition, scope: Definitions) -> Iterator[Finding]:
    """Yield what is wrong in one command, job or executor."""
    path, body = definition.path, definition.body
    if definition.kind == "command" and definition.name in BUILT_IN_STEPS:
        message = f"the command {quoted(definition.name)} has the name of a built-in step, which is called in its place"
        yield Finding(rule="built-in-name", message=message, path=path, hint="rename it", about_key=True)
    for name, parameter in definition.parameters.items():
        yield from _check_parameter(
            parameter, mapping(body.get("parameters"))[name], (*path, "parameters", name), scope
        )
    inner = {key: value for key, value in body.items() if key != "parameters"}
    yield from check_interpolations(inner, path, definition.parameters)
    yield from check_steps(body.get("steps"), (*path, "steps"), scope)
    if "executor" in body:
        yield from check_executor(body["executor"], (*path, "executor"), scope)
    used = {name for _, text in texts(inner, ()) for where, name in interpolations(text) if where == "parameters"}
    for name in definition.parameters.keys() - used:
        message = f"the parameter {quoted(name)} is declared and not used"
        where = (*path, "parameters", name)
        yield Finding(rule="unused-parameter", message=message, path=where, about_key=True, severity="warning")


def check_interpolations(value: JSON, path: KeyPath, declared: Collection[str]) -> Iterator[Finding]:
    """Yield interpolations of parameters that are not declared, and of scopes that do not exist."""
    for where, text in texts(value, path):
        for scope, name in interpolations(text):
            if scope == "parameters" and name not in declared:
                hint = suggestion(name, declared, listed="parameters here") or "declare it below `parameters:`"
                message = f"the parameter {quoted(name)} is not declared"
                yield Finding(rule="undefined-parameter", message=message, path=where, hint=hint)
            elif scope not in SCOPES and (near := nearest(scope, SCOPES)):
                hint = f"did you mean `<< {near}.{name} >>`?"
                yield Finding(rule="unknown-scope", message=f"there is no scope {quoted(scope)}", path=where, hint=hint)


def check_pipeline_parameters(value: Mapping[str, JSON], path: KeyPath) -> Iterator[Finding]:
    """Yield what is wrong with the parameters of a config, and uses of ones that are not declared."""
    declared = mapping(value.get("parameters"))
    empty = Definitions(own={"command": {}, "job": {}, "executor": {}})
    for name, declaration in declared.items():
        found = Parameter.of(name, declaration)
        yield from _check_parameter(found, declaration, (*path, "parameters", name), empty)
    for where, text in texts(value, path):
        for scope, name in interpolations(text):
            first, _, last = name.partition(".")
            if scope == "pipeline" and first == "parameters" and last not in declared:
                hint = suggestion(last, declared, listed="pipeline parameters") or "declare it below `parameters:`"
                message = f"the pipeline parameter {quoted(last)} is not declared"
                yield Finding(rule="undefined-parameter", message=message, path=where, hint=hint)


def _check_parameter(parameter: Parameter, declaration: JSON, path: KeyPath, scope: Definitions) -> Iterator[Finding]:
    if parameter.type not in TYPES:
        message = f"{quoted(parameter.type)} is no type of a parameter"
        hint = suggestion(parameter.type, TYPES, listed="types")
        yield Finding(rule="parameter-type", message=message, path=(*path, "type"), hint=hint)
    elif parameter.type == "enum" and not parameter.choices:
        message = f"the parameter {quoted(parameter.name)} is an enum without a list of its values"
        yield Finding(rule="enum-values", message=message, path=path, hint="add `enum: [a, b]`", about_key=True)
    elif "default" in mapping(declaration):
        default = (*path, "default")
        if wrong := misfit(parameter.default, parameter):
            yield Finding(
                rule="default-type", message=f"the default {wrong}", path=default, hint="CircleCI converts nothing"
            )
        elif parameter.type == "steps":
            yield from check_steps(parameter.default, default, scope)
        elif parameter.type == "executor":
            yield from check_executor(parameter.default, default, scope)
