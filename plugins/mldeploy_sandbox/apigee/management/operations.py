"""Long-running operations: done at once in plain mode, after a while in strict mode.

Source: https://cloud.google.com/apis/design/design_patterns#long_running_operations
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.management.routes import ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.store import Document, Organization, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

METADATA = "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata"
READY_AT = "ready_at"


class Operations:
    """Starts operations and shows them."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds

    def routes(self) -> Iterable[Route]:
        """Return the routes of operations."""
        return (
            Route(
                id="organizations.operations.get",
                method="GET",
                rule=f"{ORGANIZATION}/operations/<operation>",
                handler=self._get,
            ),
            Route(
                id="organizations.operations.list",
                method="GET",
                rule=f"{ORGANIZATION}/operations",
                handler=self._list,
            ),
        )

    def start(self, organization: Organization, kind: str, target: str, response: Document, message: str) -> Document:
        """Return an operation that has begun.

        Arguments:
            kind: `INSERT`, `UPDATE` or `DELETE`.
            target: the name of the resource.
            response: the resource when it is done.
            message: the type of the resource, such as `Environment`.
        """
        number = secrets.token_hex(16)
        operation = {
            READY_AT: self._store.clock.monotonic() + self._seconds,
            "name": f"organizations/{organization.name}/operations/{number}",
            "metadata": {"@type": METADATA, "operationType": kind, "targetResourceName": target},
            "response": {"@type": f"type.googleapis.com/google.cloud.apigee.v1.{message}", **response},
        }
        organization.operations[number] = operation
        return self._show(operation)

    def _show(self, operation: Document) -> Document:
        done = operation[READY_AT] <= self._store.clock.monotonic()
        shown = {"name": operation["name"], "done": done}
        shown["metadata"] = operation["metadata"] | {"state": "FINISHED" if done else "IN_PROGRESS"}
        return shown | {"response": operation["response"]} if done else shown

    def _get(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        place = f"organizations/{organization.name}/operations"
        return self._show(found(organization.operations, ask.path["operation"], place))

    def _list(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        return {"operations": [self._show(operation) for operation in organization.operations.values()]}
