"""Resource policies of REST APIs: what of them the sandbox understands, and whom they let in.

Everything else is refused when the policy is set, so that no policy is kept only in part.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import fnmatch
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.apigateway.errors import bad_request

ABBREVIATION = "execute-api:/"
ACTIONS = frozenset({"execute-api:Invoke", "execute-api:*", "*"})
OPERATORS = {"IpAddress": True, "NotIpAddress": False}
"""Operator → whether an address has to be in one of the ranges, or in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; each range of `conditions` comes with whether the caller has to be in it."""

    allows: bool
    resources: tuple[str, ...]
    conditions: tuple[tuple[bool, tuple[str, ...]], ...]

    def covers(self, resource: str, address: str) -> bool:
        """Tell whether this statement speaks of a request."""
        return any(fnmatch.fnmatchcase(resource, pattern) for pattern in self.resources) and all(
            _is_in(address, ranges) is wanted for wanted, ranges in self.conditions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """The policy of an API."""

    statements: tuple[Statement, ...]

    def decision(self, resource: str, address: str) -> str:
        """Return `allow`, `deny` for an explicit denial, or empty text where no statement speaks of the request."""
        found = {statement.allows for statement in self.statements if statement.covers(resource, address)}
        return "deny" if False in found else "allow" if found else ""


def saved_policy(text: str, arn: str) -> str:
    """Return a policy as API Gateway keeps it: with full ARNs.

    Arguments:
        arn: of the API.

    Raises:
        AwsError: BadRequestException.
    """
    full = text.replace(ABBREVIATION, f"{arn}/")
    read_policy(full)
    return full


def read_policy(text: str) -> ResourcePolicy:
    """Read a policy.

    Raises:
        AwsError: BadRequestException, also for what the sandbox does not understand.
    """
    try:
        return ResourcePolicy(statements=tuple(_statement(item) for item in _texts(json.loads(text)["Statement"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = (
            f"Invalid policy document. Please check the policy syntax and ensure that Principals are valid. ({error})"
        )
        raise bad_request(message) from error


def _statement(value: Mapping[str, Any]) -> Statement:
    unknown = value.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    everybody = value["Principal"] in ("*", {"AWS": "*"})
    if unknown or not everybody or not ACTIONS.issuperset(_texts(value["Action"])):
        reason = f"the sandbox knows statements about execute-api:Invoke by everybody only, not {json.dumps(value)}"
        raise ValueError(reason)
    return Statement(
        allows={"Allow": True, "Deny": False}[value["Effect"]],
        resources=tuple(_texts(value["Resource"])),
        conditions=tuple((OPERATORS[operator], _ranges(keys)) for operator, keys in value.get("Condition", {}).items()),
    )


def _ranges(keys: Mapping[str, Any]) -> tuple[str, ...]:
    ((key, value),) = keys.items()
    if key.lower() != "aws:sourceip":
        reason = f"the sandbox knows conditions on aws:SourceIp only, not on {key}"
        raise ValueError(reason)
    return tuple(str(ipaddress.ip_network(item, strict=False)) for item in _texts(value))


def _is_in(address: str, ranges: tuple[str, ...]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(item) for item in ranges)


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
