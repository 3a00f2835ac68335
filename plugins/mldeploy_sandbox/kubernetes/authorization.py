"""Role-based access control, evaluated from the Role and ClusterRole objects of the cluster.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resources
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Store

ADMINISTRATORS = "system:masters"
AUTHENTICATED = "system:authenticated"
ASKED_BY_EVERYBODY = ("selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews")
"""What ClusterRole `system:basic-user` gives to everybody who is known."""

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who sends a request."""

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a request wants to do; `resource` is the plural, with a subresource as `pods/log`."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Authorizer:
    """Allows what some binding of the user allows; administrators may do everything."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self._store = store
        self._resources = resources

    def allows(self, user: User, attempt: Attempt) -> bool:
        """Tell whether a user may do something."""
        if ADMINISTRATORS in user.groups or attempt.resource in ASKED_BY_EVERYBODY:
            return True
        if attempt.path:
            return attempt.verb == "get"
        return any(_covers(rule, attempt) for rule in self.rules(user, attempt.namespace))

    def check(self, user: User, attempt: Attempt) -> None:
        """Refuse what a user may not do.

        Raises:
            ApiError: 403, in the API server's words.
        """
        if not self.allows(user, attempt):
            raise forbidden(user, attempt)

    def rules(self, user: User, namespace: str) -> Iterator[Rule]:
        """Go through the rules that bind a user in a namespace; with an empty one, cluster-wide."""
        for binding in self._store.select(self._resources.of_kind("ClusterRoleBinding")):
            if _binds(binding, user, ""):
                yield from self._role(binding["roleRef"], "")
        if namespace:
            for binding in self._store.select(self._resources.of_kind("RoleBinding"), namespace):
                if _binds(binding, user, namespace):
                    yield from self._role(binding["roleRef"], namespace)

    def _role(self, reference: Mapping[str, str], namespace: str) -> list[Rule]:
        place = namespace if reference["kind"] == "Role" else ""
        role = self._store.get(self._resources.of_kind(reference["kind"]), place, reference["name"])
        if role is None and reference["name"] == "cluster-admin":
            return [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
        return (role or {}).get("rules") or []


def forbidden(user: User, attempt: Attempt) -> ApiError:
    """Return the error for something that a user may not do."""
    if attempt.path:
        message = f'forbidden: User "{user.name}" cannot {attempt.verb} path "{attempt.path}"'
        return ApiError(403, "Forbidden", message)
    plural = attempt.resource.partition("/")[0]
    qualified = f"{plural}.{attempt.group}" if attempt.group else plural
    named = f' "{attempt.name}"' if attempt.name else ""
    place = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    message = (
        f'{qualified}{named} is forbidden: User "{user.name}" cannot {attempt.verb} resource "{attempt.resource}" '
        f'in API group "{attempt.group}" {place}'
    )
    return ApiError(403, "Forbidden", message, group=attempt.group, kind=plural, name=attempt.name)


def _binds(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    for subject in binding.get("subjects") or ():
        name = subject["name"]
        if subject["kind"] == "ServiceAccount":
            name = f"system:serviceaccount:{subject.get('namespace', namespace)}:{name}"
        if name == user.name and subject["kind"] != "Group":
            return True
        if subject["kind"] == "Group" and name in user.groups:
            return True
    return False


def _covers(rule: Rule, attempt: Attempt) -> bool:
    names = rule.get("resourceNames") or ()
    kinds = rule.get("resources") or ()
    subresource = attempt.resource.partition("/")[2]
    return (
        _any(rule.get("verbs"), attempt.verb)
        and _any(rule.get("apiGroups"), attempt.group)
        and (_any(kinds, attempt.resource) or (subresource != "" and f"*/{subresource}" in kinds))
        and (not names or attempt.name in names)
    )


def _any(allowed: Any, wanted: str) -> bool:
    return "*" in (allowed or ()) or wanted in (allowed or ())
