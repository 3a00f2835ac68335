"""Every operation that a built-in plugin calls is declared, and what is declared exists in AWS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

import mldeploy_aws
from mldeploy_aws.operations import BUSY, NAME_PATTERNS, TABLE, Kind, is_declared, operation_of

PLUGINS = Path(mldeploy_aws.__file__).parents[1]
WITHOUT_DRIVERS = {"mldeploy_sandbox", "mldeploy_ci"}
SERVICES = sorted({service for service, _ in TABLE} | {"cloudwatch", "secretsmanager", "ec2", "sts", "service-quotas"})


def model(service: str) -> list[str]:
    """Return the names of a service's operations."""
    return list(botocore.session.get_session().get_service_model(service).operation_names)


def methods_called() -> Iterator[tuple[str, str]]:
    """Yield (place, method) of everything that the built-in plugins call on something named client or ecr."""
    for path in sorted(PLUGINS.glob("mldeploy_*/**/*.py")):
        if path.relative_to(PLUGINS).parts[0] in WITHOUT_DRIVERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and _is_client(node.value):
                yield f"{path.relative_to(PLUGINS)}:{node.lineno}", node.attr


def _is_client(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name.lstrip("_") in {"client", "ecr", *(service.replace("-", "_") for service in SERVICES)}


def test_whatever_a_built_in_plugin_calls_is_declared() -> None:
    known: dict[str, list[tuple[str, str]]] = {}  # two services may have an operation of the same name
    for service in SERVICES:
        for name in model(service):
            known.setdefault(xform_name(name), []).append((service, name))
    called = [(place, known[method]) for place, method in methods_called() if method in known]
    assert len({operation for _, operations in called for operation in operations}) > 60
    missing = [f"{place} calls {found}" for place, found in called if not any(is_declared(*one) for one in found)]
    assert not missing, "declare these in mldeploy_aws/operations.py:\n" + "\n".join(missing)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_declared_exists(service: str) -> None:
    names = model(service)
    assert {name for declared, name in TABLE if declared == service} <= set(names)


def test_no_creation_is_known_by_its_name_alone() -> None:
    for service in SERVICES:
        for name in model(service):
            if name.startswith("Create") and (service, name) not in TABLE:
                assert operation_of(service, name).kind is Kind.CREATE, name
                assert not operation_of(service, name).repeatable, name
    assert all(kind is not Kind.CREATE for kind, _ in NAME_PATTERNS)


def test_what_is_busy_is_a_service_of_aws() -> None:
    assert set(BUSY) <= set(botocore.session.get_session().get_available_services())
