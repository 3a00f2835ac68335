"""Which actions a role allows: enough of IAM to decide what a service may do in a role's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World


def role_allows(world: World, role_arn: str, action: str) -> bool:
    """Tell whether a policy of a role allows an action on some resource and none denies it on all.

    Resources other than "*" and conditions are not evaluated; a role that is gone allows nothing.
    """
    with world.moto.lock:
        roles = {role.arn: role for role in world.backend("iam", "global").roles.values()}
        documents = list(_documents(roles[role_arn])) if role_arn in roles else []
    matching = [
        statement for document in documents for statement in _statements(document) if _covers(statement, action)
    ]
    denied = any(statement["Effect"] == "Deny" and statement.get("Resource") == "*" for statement in matching)
    return not denied and any(statement["Effect"] == "Allow" for statement in matching)


def _documents(role: Any) -> Iterator[str]:
    """Yield the role's own policies and the default versions of the managed ones."""
    yield from role.policies.values()
    for policy in role.managed_policies.values():
        for version in policy.versions:
            if version.version_id == policy.default_version_id:
                yield version.document


def _statements(document: str) -> Iterable[Mapping[str, Any]]:
    statements = json.loads(document).get("Statement", [])
    return [statements] if isinstance(statements, Mapping) else statements


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    actions = statement.get("Action", [])
    patterns = [actions] if isinstance(actions, str) else actions
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
