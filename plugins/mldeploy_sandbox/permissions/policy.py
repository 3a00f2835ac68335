"""IAM policy documents: read strictly, and evaluated for one action on one resource.

Covers what identity policies for deployments need: Allow and Deny, Action and NotAction, Resource and NotResource,
and the condition operators below. Anything else is refused when the document is read, so that nothing is decided by
what was not understood. Evaluation: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.permissions.required import Permission

Comparison = Callable[[str, str], bool]


class PolicyError(ValueError):
    """A policy document cannot be used; the message says where."""


def matches(pattern: str, text: str) -> bool:
    """Compare with IAM's wildcards: `*` for any text, `?` for one character."""
    expression = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


OPERATORS: Mapping[str, Comparison] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringNotEquals": lambda wanted, given: wanted != given,
    "StringLike": matches,
    "StringNotLike": lambda wanted, given: not matches(wanted, given),
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html."""

NEGATED = frozenset({"StringNotEquals", "StringNotLike"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; `actions` or `resources` that begin with "not" hold for everything else."""

    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...]
    but_resources: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def covers(self, permission: Permission) -> bool:
        """Tell whether the statement speaks about a permission."""
        action = any(matches(pattern.lower(), permission.action.lower()) for pattern in self.actions)
        resource = any(matches(pattern, permission.resource) for pattern in self.resources)
        return (
            action != self.but_actions
            and resource != self.but_resources
            and all(_holds(condition, permission.context) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document."""

    statements: tuple[Statement, ...]

    def allows(self, permission: Permission) -> bool:
        """Tell whether a permission is given: some statement allows it, and none denies it."""
        covering = [statement for statement in self.statements if statement.covers(permission)]
        return any(statement.allows for statement in covering) and all(statement.allows for statement in covering)

    def denies(self, permission: Permission) -> bool:
        """Tell whether a statement forbids a permission explicitly."""
        return any(not statement.allows and statement.covers(permission) for statement in self.statements)


def read_policy(text: str) -> Policy:
    """Read a policy document.

    Raises:
        PolicyError: it is not one, or uses what is not evaluated here.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        message = f"the policy is not JSON: {error}"
        raise PolicyError(message) from error
    if not isinstance(document, dict) or "Statement" not in document:
        message = "the policy has no Statement"
        raise PolicyError(message)
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return Policy(statements=tuple(_statement(item, f"Statement[{index}]") for index, item in enumerate(listed)))


def _statement(item: Any, place: str) -> Statement:
    if not isinstance(item, dict):
        message = f"{place} is not an object"
        raise PolicyError(message)
    unknown = set(item) - {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if unknown:
        message = f"{place} has {', '.join(sorted(unknown))}, which the sandbox does not evaluate"
        raise PolicyError(message)
    if item.get("Effect") not in {"Allow", "Deny"}:
        message = f"{place}: Effect must be Allow or Deny"
        raise PolicyError(message)
    actions, but_actions = _either(item, "Action", place)
    resources, but_resources = _either(item, "Resource", place)
    return Statement(
        allows=item["Effect"] == "Allow",
        actions=actions,
        but_actions=but_actions,
        resources=resources,
        but_resources=but_resources,
        conditions=tuple(_conditions(item.get("Condition", {}), place)),
    )


def _either(item: Mapping[str, Any], name: str, place: str) -> tuple[tuple[str, ...], bool]:
    """Return the values of NAME or NotNAME, and whether it was the latter."""
    present = [key for key in (name, f"Not{name}") if key in item]
    if len(present) != 1:
        message = f"{place} needs {name} or Not{name}, one of the two"
        raise PolicyError(message)
    return _texts(item[present[0]], f"{place}.{present[0]}"), present[0] != name


def _texts(value: Any, place: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, (str, bool)) for one in values):
        message = f"{place} must be a text or a list of texts"
        raise PolicyError(message)
    return tuple(str(one) for one in values)


def _conditions(given: Any, place: str) -> Sequence[tuple[str, str, tuple[str, ...]]]:
    found = []
    for operator, keys in given.items():
        if operator.removesuffix("IfExists") not in OPERATORS:
            message = f"{place}.Condition: the sandbox does not evaluate {operator}"
            raise PolicyError(message)
        found += [(operator, key, _texts(values, f"{place}.Condition.{operator}")) for key, values in keys.items()]
    return found


def _holds(condition: tuple[str, str, tuple[str, ...]], context: Mapping[str, str]) -> bool:
    operator, key, wanted = condition
    name = operator.removesuffix("IfExists")
    given = next((value for known, value in context.items() if known.lower() == key.lower()), None)
    if given is None:
        return operator.endswith("IfExists") or name in NEGATED
    fits = [OPERATORS[name](value, given) for value in wanted]
    return all(fits) if name in NEGATED else any(fits)
