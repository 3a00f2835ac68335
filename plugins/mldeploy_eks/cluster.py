"""The door `kubernetes`: one namespace of one cluster, as JSON over HTTP.

Every request may be repeated: reads, server-side apply, deletions and reviews have the same effect twice. So a request
that got no answer is simply sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_aws.patience import Patience, pause_before
from mldeploy_eks.answers import ApiError, UnreachableError
from mldeploy_eks.kinds import KINDS, Kind

if TYPE_CHECKING:
    import httpx2

MANAGER = "mldeploy"
"""Our name as a field manager (Kubernetes documentation, "Server-Side Apply")."""
APPLY = "application/apply-patch+yaml"
PASSING = frozenset({429, 500, 502, 503, 504})
"""Status codes that pass by themselves: too many requests, and a server that is restarting."""
TRY_SECONDS = 60.0
UNREACHABLE = "is the API server's network reachable from here?"
REVIEW = "SelfSubjectAccessReview"

Manifest = dict[str, Any]


class Cluster:
    """The objects of one namespace; thread-safe."""

    def __init__(self, http: httpx2.Client, namespace: str, patience: Patience) -> None:
        self.namespace = namespace
        self._http = http
        self._patience = patience

    def get(self, kind: str, name: str) -> Manifest | None:
        """Return an object; None where it, or its whole kind, does not exist."""
        return self._found("GET", KINDS[kind].path(self.namespace, name))

    def listed(self, kind: str, *, labels: str = "", fields: str = "") -> list[Manifest]:
        """Return the objects that selectors choose; none where the kind does not exist."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        found = self._found("GET", KINDS[kind].path(self.namespace), query={k: v for k, v in query.items() if v})
        return list(found["items"]) if found else []

    def apply(self, manifest: Mapping[str, Any], *, manager: str = MANAGER, force: bool = False) -> Manifest:
        """Apply a manifest on the server's side and return the object.

        Raises:
            ApiError: it is refused, perhaps because another manager owns a field.
        """
        path = KINDS[manifest["kind"]].path(self.namespace, manifest["metadata"]["name"])
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": "true" if force else "false"}
        return self._sent("PATCH", path, query=query, body=manifest, content_type=APPLY)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, what it owns first; something already gone is fine."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        self._found("DELETE", KINDS[kind].path(self.namespace, name), body=body)

    def log(self, pod: str, **query: str) -> str:
        """Return the output of a pod's container, or nothing where there is none yet."""
        try:
            return self._answer("GET", f"{KINDS['Pod'].path(self.namespace, pod)}/log", query=query).text
        except ApiError as error:
            if error.code in {400, 404}:
                return ""
            raise

    def allows(self, verb: str, kind: Kind, subresource: str = "") -> bool:
        """Ask whether we may do something to all objects of a kind in the namespace."""
        what = {
            "verb": verb,
            "group": kind.group,
            "resource": kind.plural,
            "namespace": self.namespace if kind.namespaced else "",
            "subresource": subresource,
        }
        attributes = {key: value for key, value in what.items() if value}
        review = {"apiVersion": KINDS[REVIEW].api_version, "kind": REVIEW, "spec": {"resourceAttributes": attributes}}
        answer = self._sent("POST", KINDS[REVIEW].path(""), body=review)
        return bool(answer["status"].get("allowed"))

    def serves(self, kind: Kind) -> bool:
        """Return whether the API has a kind."""
        found = self._found("GET", kind.base)
        return found is not None and any(item["kind"] == kind.kind for item in found["resources"])

    def has_group(self, api_version: str) -> bool:
        """Return whether the API has a group in a version, which add-ons bring."""
        return self._found("GET", f"/apis/{api_version}") is not None

    def version(self) -> str:
        """Return the server's version, such as v1.33.4-eks-1a2b3c4."""
        return str(self._sent("GET", "/version").get("gitVersion", "unknown"))

    def _found(self, method: str, path: str, **request: Any) -> Manifest | None:
        try:
            return self._sent(method, path, **request)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def _sent(self, method: str, path: str, **request: Any) -> Manifest:
        try:
            found: Manifest = self._answer(method, path, **request).json()
        except ValueError as error:
            message = f"{method} {path}: the answer of the API server is no JSON"
            raise UnreachableError(message, hint="does the cluster's address lead to an API server?") from error
        return found

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> httpx2.Response:
        """Send a request until it is answered, for a minute.

        Raises:
            ApiError: the server refused it.
            UnreachableError: no answer came.
        """
        import httpx2  # noqa: PLC0415 - loaded only where a cluster is spoken to

        content = None if body is None else json.dumps(body).encode()
        started, attempt = self._patience.clock(), 0
        while True:
            problem: Exception
            try:
                answer = self._http.request(
                    method, path, params=query, content=content, headers={"Content-Type": content_type}
                )
            except httpx2.TransportError as error:
                problem = UnreachableError(f"no answer to {method} {path}: {error}", hint=UNREACHABLE)
            else:
                if answer.status_code < 400:
                    return answer
                problem = ApiError(answer.status_code, _status(answer))
                if answer.status_code not in PASSING:
                    raise problem
            pause = pause_before(attempt)
            if self._patience.clock() + pause - started > TRY_SECONDS:
                raise problem
            self._patience.say("kubernetes", f"{problem}; trying again")
            self._patience.sleep(pause)
            attempt += 1


def _status(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": f"HTTP {answer.status_code}: {answer.text[:200]}"}
