"""Questions about access: may I, what may I, who am I.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mldeploy_sandbox.kubernetes.authorization import (
    ADMINISTRATORS,
    ASKED_BY_EVERYBODY,
    AUTHENTICATED,
    Attempt,
    Authorizer,
    User,
)
from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.status import bad_request
from mldeploy_sandbox.kubernetes.store import Document

EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
EVERY_PATH = {"verbs": ["*"], "nonResourceURLs": ["*"]}
BASIC = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": list(ASKED_BY_EVERYBODY)}


def review(resource: Resource, document: Document, user: User, authorizer: Authorizer) -> Document:
    """Answer a review; it is not kept."""
    answers: dict[str, Callable[[], dict[str, Any]]] = {
        "SelfSubjectAccessReview": lambda: _access(document, user, authorizer),
        "SubjectAccessReview": lambda: _access(document, _subject(document), authorizer),
        "SelfSubjectRulesReview": lambda: _rules(document, user, authorizer),
        "SelfSubjectReview": lambda: {"userInfo": {"username": user.name, "groups": list(user.groups)}},
    }
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {"creationTimestamp": None},
        **({"spec": document["spec"]} if "spec" in document else {}),
        "status": answers[resource.kind](),
    }


def _access(document: Document, user: User, authorizer: Authorizer) -> dict[str, Any]:
    spec = document.get("spec", {})
    wanted = spec.get("resourceAttributes")
    if wanted is None and "nonResourceAttributes" not in spec:
        message = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise bad_request(message)
    if wanted is None:
        path = spec["nonResourceAttributes"]
        attempt = Attempt(verb=path.get("verb", ""), path=path.get("path", ""))
    else:
        plural, subresource = wanted.get("resource", ""), wanted.get("subresource", "")
        attempt = Attempt(
            verb=wanted.get("verb", ""),
            group=wanted.get("group", ""),
            resource=f"{plural}/{subresource}" if subresource else plural,
            namespace=wanted.get("namespace", ""),
            name=wanted.get("name", ""),
        )
    return {"allowed": authorizer.allows(user, attempt)}


def _subject(document: Document) -> User:
    spec = document.get("spec", {})
    return User(name=spec.get("user", ""), groups=(AUTHENTICATED, *spec.get("groups", ())))


def _rules(document: Document, user: User, authorizer: Authorizer) -> dict[str, Any]:
    namespace = document.get("spec", {}).get("namespace", "")
    if not namespace:
        message = "no namespace on request"
        raise bad_request(message)
    if ADMINISTRATORS in user.groups:
        return {"resourceRules": [EVERYTHING], "nonResourceRules": [EVERY_PATH], "incomplete": False}
    return {"resourceRules": [BASIC, *authorizer.rules(user, namespace)], "nonResourceRules": [], "incomplete": False}
