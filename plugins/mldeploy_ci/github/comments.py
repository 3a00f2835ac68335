"""The one comment of a service and environment on a pull request: found again by its marker, and updated in place.

Source: docs.github.com, "REST API endpoints for issue comments".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mldeploy.errors import MldeployError

if TYPE_CHECKING:
    from mldeploy.model import JSON

SECONDS = 20
MOST_PAGES = 100
PER_PAGE = 100
LARGEST_COMMENT = 65_000
"""Bytes; the API takes 65,536 characters."""
RETRIES = Retry(total=3, backoff_factor=0.5, status_forcelist=[502, 503, 504])


class CommentError(MldeployError):
    """A comment could not be written; `forbidden` when the token may not, as in pull requests from forks."""

    def __init__(self, message: str, *, hint: str = "", forbidden: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.forbidden = forbidden


class Comments:
    """The comments on the pull requests of one repository.

    Arguments:
        api_url: the root of the REST API, which is another one on GitHub Enterprise Server.
        repository: `owner/name`.
        token: needs the permission `pull-requests: write`.
    """

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        self._root = f"{api_url.rstrip('/')}/"
        self._repository = f"{self._root}repos/{repository}/issues"
        self._session = requests.Session()
        self._session.mount(self._root, HTTPAdapter(max_retries=RETRIES))
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.headers["X-GitHub-Api-Version"] = "2022-11-28"

    def put(self, pull_request: int, marker: str, body: str) -> str:
        """Write the comment that starts with a marker, in the place of the earlier one; return its address.

        Raises:
            CommentError: GitHub refuses or cannot be reached.
        """
        text = {"body": f"{marker}\n{body}"}
        earlier = self._find(pull_request, marker)
        if earlier is None:
            answer = self._send("POST", f"{self._repository}/{pull_request}/comments", json=text)
        else:
            answer = self._send("PATCH", f"{self._repository}/comments/{earlier}", json=text)
        return str(answer.json().get("html_url", ""))

    def _find(self, pull_request: int, marker: str) -> int | None:
        found = (comment for comment in self._all(pull_request) if str(comment.get("body", "")).startswith(marker))
        return next((int(comment["id"]) for comment in found if self._is_ours(comment)), None)

    def _is_ours(self, comment: Mapping[str, JSON]) -> bool:
        """Return whether the token's own account wrote a comment: who wrote it can change what it says.

        An installation's token may not ask who it is; its comments are those of a bot.
        """
        author = comment.get("user") or {}
        answer = self._request("GET", f"{self._root}user")
        if answer.ok:
            return bool(author.get("login") == answer.json().get("login"))
        return bool(author.get("type") == "Bot")

    def _all(self, pull_request: int) -> Iterator[Mapping[str, JSON]]:
        address = f"{self._repository}/{pull_request}/comments?per_page={PER_PAGE}"
        for _ in range(MOST_PAGES):
            answer = self._send("GET", address)
            yield from answer.json()
            address = answer.links.get("next", {}).get("url", "")
            if not address.startswith(self._root):  # the token goes nowhere else
                return

    def _send(self, method: str, address: str, **content: Any) -> requests.Response:
        answer = self._request(method, address, **content)
        if answer.ok:
            return answer
        forbidden = answer.status_code in {401, 403, 404}
        said = _said(answer)
        message = f"GitHub refuses the comment: {answer.status_code} {said}"
        hint = "the job needs `permissions: pull-requests: write`; pull requests from forks never have it"
        raise CommentError(message, hint=hint if forbidden else "", forbidden=forbidden)

    def _request(self, method: str, address: str, **content: Any) -> requests.Response:
        try:
            return self._session.request(method, address, timeout=SECONDS, **content)
        except requests.RequestException as error:
            message = f"GitHub cannot be reached for the comment: {type(error).__name__}"
            raise CommentError(message, hint="the plan is in the job summary") from error


def _said(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason
