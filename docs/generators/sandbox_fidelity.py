"""docs/reference/sandbox-fidelity.md: every AWS call of our plugins, who answers it in the sandbox, and the rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import botocore.session
from botocore import xform_name
from generators.markdown import code, page, table

from mldeploy_sandbox.fidelity import Fidelity, fidelity
from mldeploy_sandbox.rules import Rule, declared_rules

PLUGINS = Path(__file__).parents[2] / "plugins"
SERVICE = re.compile(r"(?:\bservice = |\bclient\()\"([a-z0-9-]+)\"")

INTRODUCTION = """\
Every AWS call that the built-in plugins make, and what stands behind it in environment `local`. Each request is checked
against botocore's service model before anything else: required members, patterns, enums, ranges.

- **the sandbox**: mldeploy's own emulation; endpoints, functions, gateways and caches really run.
- **moto**: kept by [moto](https://docs.getmoto.org), with the rules that the last column names.
- **nobody**: refused with 501, never made up.

Rules whose words begin with "Strict mode" hold in `mldeploy sandbox up --strict` only."""
RULES = """\
## Rules

What AWS refuses, and where that is written. `mldeploy sandbox calls` names the rule that refused a call."""


def sandbox_fidelity_page() -> str:
    """Return the page."""
    found = fidelity(called_operations())
    sections = [
        text
        for service, rows in groupby(found, key=lambda row: row.service)
        for text in (f"## {service}", table(("call", "answered by", "rules"), map(_row, rows)))
    ]
    rules = table(("rule", "what it says", "source"), map(_rule_row, declared_rules()))
    return page("# What the sandbox answers", INTRODUCTION, *sections, RULES, rules)


def called_operations() -> set[tuple[str, str]]:
    """Return the operations that the sources of the plugins call, without the sandbox itself.

    A name counts for the services that its file names and that have it, or else for those of the files that it imports
    from (a driver's base says the service), or else for those of its package.
    """
    found: set[tuple[str, str]] = set()
    for package in PLUGINS.iterdir():
        if package.name == "mldeploy_sandbox":
            continue
        sources = {path.stem: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
        services = {module: set(SERVICE.findall(source)) & _services() for module, source in sources.items()}
        for module, source in sources.items():
            near = [services.get(name, set()) for name in re.findall(rf"from {package.name}\.(\w+) import", source)]
            found |= set(_calls(source, services[module], set().union(*near), set().union(*services.values())))
    return found


def _calls(source: str, *services: set[str]) -> Iterator[tuple[str, str]]:
    nodes = list(ast.walk(ast.parse(source)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for name in names:
        having = ({service for service in group if name in _methods(service)} for group in services)
        yield from ((service, _methods(service)[name]) for service in next(filter(None, having), ()))


@cache
def _services() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def _methods(service: str) -> dict[str, str]:
    """Return method → operation of a service."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


def _row(found: Fidelity) -> tuple[str, str, str]:
    return code(found.operation), found.answerer.value, _ids(found.rules)


def _ids(rules: Iterable[Rule]) -> str:
    return ", ".join(code(rule.id) for rule in rules)


def _rule_row(rule: Rule) -> tuple[str, str, str]:
    return code(rule.id), rule.says, rule.source
