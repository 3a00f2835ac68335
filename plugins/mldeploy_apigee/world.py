"""The door `apigee`: one management API, and the contract under which it is called.

Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest

- a call without an answer, or with a server's error: repeated where that changes nothing; else `AnswerLostError`, so
  that somebody looks;
- too many calls: wait with jitter, five minutes in all;
- a token that has ended: a new one, once;
- deleting what is gone: done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests

from mldeploy_apigee.failures import AnswerLostError, ApigeeError, answered
from mldeploy_aws.contract import unguarded
from mldeploy_aws.patience import Patience, pause_before

CONNECT_SECONDS = 5
READ_SECONDS = 60
THROTTLED_SECONDS = 300.0
LOST_SECONDS = 60.0
TOO_MANY = 429
UNAUTHENTICATED = 401
GONE = 404
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
"""Methods whose second call leaves the world as the first one did (RFC 9110, section 9.2.2)."""


class Apigee:
    """The management API at one address; thread-safe.

    Arguments:
        base_url: without a slash at its end.
        token: returns a bearer token that is valid now; asked before each attempt.
        renew: called when a token was refused although it should be valid.
        guard: called before each attempt to change something; raises to stop it.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        *,
        patience: Patience,
        renew: Callable[[], None] = unguarded,
        guard: Callable[[], None] = unguarded,
    ) -> None:
        self.base_url = base_url
        self.patience = patience
        self._token = token
        self._renew = renew
        self._guard = guard
        self._http = requests.Session()

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return what is at a path such as `organizations/o/apis/a`.

        Raises:
            ApigeeError: Apigee refused, or what is worth a wait lasted too long.
        """
        found: dict[str, Any] = self.call("GET", path, query=query)
        return found

    def get_list(self, path: str) -> list[Any]:
        """Return the list at a path; Apigee leaves an empty one out, and then sends an empty object.

        Raises:
            ApigeeError: as `get`.
        """
        found = self.call("GET", path)
        return found if isinstance(found, list) else []

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        archive: bytes | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Make a call and return its answer.

        Arguments:
            path: below `/v1/`.
            body: sent as JSON.
            archive: sent as a file of a form instead, as imports want it.
            repeatable: a POST whose second call changes nothing more.

        Raises:
            AnswerLostError: nobody knows whether the call was done.
            ApigeeError: Apigee refused, or what is worth a wait lasted too long.
            requests.RequestException: there was no answer, for as long as one is worth a wait.
        """
        repeats = repeatable or method in REPEATABLE
        started, attempt, renewed = self.patience.clock(), 0, False
        while True:
            if method != "GET":
                self._guard()
            try:
                return self._send(method, path, query=query, body=body, archive=archive)
            except ApigeeError as error:
                if method == "DELETE" and error.status == GONE:
                    return {}
                if error.status == UNAUTHENTICATED and not renewed:
                    renewed = True
                    self._renew()
                    continue
                problem: ApigeeError | requests.RequestException = error
            except requests.RequestException as error:
                problem = error
            if _is_lost(problem) and not repeats:
                raise _lost(method, path, problem) from problem
            self._wait(f"{method} {path}", problem, self.patience.clock() - started, attempt)
            attempt += 1

    def _wait(self, what: str, problem: ApigeeError | requests.RequestException, passed: float, attempt: int) -> None:
        """Wait before another attempt; raise the problem where no further one is worth it after these seconds."""
        budget, pause = _budget(problem), pause_before(attempt)
        if not budget or passed + pause > budget:
            raise problem
        self.patience.say(what, f"Apigee: {problem}; trying again")
        self.patience.sleep(pause)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        archive: bytes | None,
    ) -> Any:
        answer = self._http.request(
            method,
            f"{self.base_url}/v1/{path}",
            params=query,
            json=body,
            files={"file": ("bundle.zip", archive, "application/zip")} if archive is not None else None,
            auth=self._authorized,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
        return answered(answer)

    def _authorized(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Show our token; requests would otherwise put what .netrc says over it."""
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


def _budget(problem: ApigeeError | requests.RequestException) -> float:
    """Return for how many seconds a failure is worth further attempts."""
    if isinstance(problem, ApigeeError):
        if problem.status == TOO_MANY:
            return THROTTLED_SECONDS
        return LOST_SECONDS if problem.is_server_error else 0.0
    return 0.0 if isinstance(problem, requests.exceptions.SSLError | requests.exceptions.InvalidURL) else LOST_SECONDS


def _is_lost(problem: ApigeeError | requests.RequestException) -> bool:
    """Return whether a call may have been done although it failed."""
    if isinstance(problem, ApigeeError):
        return problem.is_server_error
    unsent = (
        requests.exceptions.ConnectTimeout,
        requests.exceptions.SSLError,
        requests.exceptions.ProxyError,
        requests.exceptions.InvalidURL,
    )
    return not isinstance(problem, unsent)


def _lost(method: str, path: str, problem: Exception) -> AnswerLostError:
    message = f"nobody knows whether {method} {path} was done: {problem}"
    return AnswerLostError(message, hint="run again: what it may have made is looked for first")
