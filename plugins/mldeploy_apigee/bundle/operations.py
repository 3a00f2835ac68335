"""Operations of the OpenAPI document in the words of a proxy: conditions on paths, and what there is.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference, "Path expression matching"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mldeploy_apigee.bundle.problems import Problem
from mldeploy_gateway.openapi import Operation

NO_NAME = re.compile("[^A-Za-z0-9]+")
VARIABLE = re.compile(r"\{[^}]+\}")


def on_path(path: str) -> str:
    """Return the condition that a request is for a path; a variable in it stands for one segment."""
    return f'proxy.pathsuffix MatchesPath "{_pattern(path)}"'


def there_is(operations: Iterable[Operation], problem: Problem) -> Problem:
    """Return a problem that tells callers what they can ask for."""
    found = ", ".join(f"{operation.method} {_pattern(operation.path)}" for operation in operations)
    return replace(problem, detail=f"There is only {found}.")


def suffix(path: str) -> str:
    """Return what tells names of one path from those of another."""
    return NO_NAME.sub("-", path).rstrip("-")


def _pattern(path: str) -> str:
    return VARIABLE.sub("*", path)
