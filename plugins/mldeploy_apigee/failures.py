"""Turn what Apigee answers into errors with a cause, a fix and the right exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from mldeploy.errors import CredentialsError, DeployError, MldeployError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
SHOWN_TEXT = 300
NOT_IMPLEMENTED = 501
FIXES = {
    400: "the message names the part that Apigee does not take; `mldeploy validate` shows where release.yaml says it",
    403: "give the deployer's account the role roles/apigee.apiAdminV2 in the organization's project and"
    " roles/apigee.environmentAdmin in the environment, and check apigee.organization",
    404: "check apigee.organization and apigee.environment, and that the environment is attached to a group",
    409: "somebody else changes the same thing; run again, and look who does",
    412: "somebody else has changed it in between; run again",
    429: "the organization's limit of management calls is used up; run again later",
}
DISABLED = "SERVICE_DISABLED"
LOG_IN = "log in (`gcloud auth application-default login`), or use workload identity federation in CI"


class AnswerLostError(DeployError):
    """A call that must not be repeated blindly got no answer: it was done, or it was not."""


class ApigeeError(Exception):
    """An answer of Apigee that is an error (https://cloud.google.com/apis/design/errors#http_mapping).

    - `status`: of HTTP; `reason`: its name in google.rpc.Code, such as `NOT_FOUND`.
    - `details`: what Google adds, one text each.
    """

    def __init__(self, status: int, reason: str, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details

    @property
    def is_server_error(self) -> bool:
        """Whether the server failed, so that the call may have been done."""
        return self.status >= 500 and self.status != NOT_IMPLEMENTED


def answered(answer: requests.Response) -> Any:
    """Return the JSON object or list of an answer.

    Raises:
        ApigeeError: it is an error, or neither of them.
    """
    try:
        document = answer.json() if answer.content else {}
    except ValueError:
        document = None
    if answer.ok and isinstance(document, dict | list):
        return document
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        status = answer.status_code if not answer.ok else 502
        raise ApigeeError(status, answer.reason or "", f"no answer of Apigee: {answer.text[:SHOWN_TEXT]}")
    details = tuple(str(detail) for detail in error.get("details", ()))
    raise ApigeeError(answer.status_code, str(error.get("status", "")), str(error.get("message", "")), details)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Let what Apigee, the way to it and Google's login refuse out of the block as our errors.

    Raises:
        CredentialsError: credentials are missing, expired or not taken.
        DeployError: everything else.
    """
    import requests  # noqa: PLC0415 - drivers are imported before anything is called

    try:
        yield
    except MldeployError:
        raise
    except ApigeeError as error:
        raise _from_answer(error, doing) from error
    except requests.RequestException as error:
        message = f"no answer from Apigee while {doing}: {error}"
        raise DeployError(message, hint="check the network; running again is safe") from error


def found_or_none(call: Callable[[], T]) -> T | None:
    """Return what a read returns, or None for what does not exist."""
    try:
        return call()
    except ApigeeError as error:
        if error.status == 404:
            return None
        raise


def _from_answer(error: ApigeeError, doing: str) -> MldeployError:
    message = f"Apigee answered {error.status} {error.reason} while {doing}: {error.message}"
    if error.status == 401:
        return CredentialsError(message, hint=f"{LOG_IN}; then run again: it resumes", details=error.details)
    hint = FIXES.get(error.status, "running again is safe")
    if any(DISABLED in detail for detail in error.details):
        hint = "switch the API on: `gcloud services enable apigee.googleapis.com`"
    return DeployError(message, hint=hint, details=error.details)
