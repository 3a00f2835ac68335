"""How a call of the management API reaches its handler."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigee.errors import Code, GoogleError, invalid

EVERYWHERE = frozenset({"$.xgafv", "alt", "prettyPrint", "quotaUser"})
"""Parameters of every method that change nothing here (https://cloud.google.com/apis/docs/system-parameters)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call.

    - `path`: what stands for the placeholders of the route.
    - `body`: the JSON document, empty when there is none.
    - `request`: for handlers that read uploads.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    request: Request

    def flag(self, name: str) -> bool:
        """Return a boolean of the query."""
        return self.query.get(name, "").lower() == "true"

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, Any]:
        """Return the document.

        Raises:
            GoogleError: INVALID_ARGUMENT for a field that the API does not know, or that is missing.
        """
        for name in self.body:
            if name not in known:
                message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
                raise GoogleError(Code.INVALID_ARGUMENT, message)
        for name in required:
            if self.body.get(name) in (None, "", []):
                raise invalid(reason=f"{name} is required")
        return dict(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method of the API: its id in the discovery document without `apigee.`, and who answers.

    - `handler`: returns JSON data, or an answer of its own; it is called while the store is locked.
    - `query`: the parameters that it reads.
    """

    id: str
    method: str
    rule: str
    handler: Callable[[Ask], Mapping[str, Any] | list[Any] | Answer]
    query: tuple[str, ...] = ()

    def check(self, query: Collection[str]) -> None:
        """Check the names of the parameters of a call.

        Raises:
            GoogleError: INVALID_ARGUMENT for one that the method does not have, or that the stand-in does not read.
        """
        for name in query:
            if name not in self.query and name not in EVERYWHERE:
                message = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
                raise GoogleError(Code.INVALID_ARGUMENT, message)


ORGANIZATION = "/v1/organizations/<organization>"
ENVIRONMENT = f"{ORGANIZATION}/environments/<environment>"
