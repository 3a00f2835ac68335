"""What the stand-in remembers: organizations and everything in them, as the documents of the API."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mldeploy_sandbox.apigee.errors import Code, GoogleError, not_found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.bundle import Bundle
    from mldeploy_sandbox.apigee.proxy import DeployedProxy
    from mldeploy_sandbox.clock import Clock

Document = dict[str, Any]
Thing = TypeVar("Thing")


@dataclass(slots=True, kw_only=True)
class KeyValueMap:
    """A map and its entries, which the runtime reads in the clear."""

    document: Document
    entries: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One revision in one environment.

    - `ready_at`: when it has been rolled out, by the sandbox's monotonic clock.
    - `since`: when the first revision of this API came into the environment; the oldest keeps a contested base path.
    - `proxy`: what answers; None when `errors` say why nothing can.
    - `replaces`: the revision that serves until then.
    """

    environment: str
    api: str
    revision: str
    service_account: str
    started: str
    ready_at: float
    since: float
    proxy: DeployedProxy | None
    errors: tuple[str, ...]
    replaces: str | None = None


@dataclass(slots=True, kw_only=True)
class Environment:
    """An environment; `deployments` by API and revision."""

    document: Document
    target_servers: dict[str, Document] = field(default_factory=dict)
    key_value_maps: dict[str, KeyValueMap] = field(default_factory=dict)
    deployments: dict[tuple[str, str], Deployment] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Group:
    """An environment group; `attachments` by id."""

    document: Document
    attachments: dict[str, Document] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Revision:
    """An imported bundle: as it came, as it was read, and its document."""

    archive: bytes
    bundle: Bundle
    document: Document


@dataclass(slots=True, kw_only=True)
class Api:
    """An API proxy; revision numbers are never used twice."""

    document: Document
    revisions: dict[str, Revision] = field(default_factory=dict)
    last_revision: int = 0
    key_value_maps: dict[str, KeyValueMap] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Developer:
    """A developer and the apps, by name."""

    document: Document
    apps: dict[str, Document] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Organization:
    """Everything in an organization, by name."""

    document: Document
    environments: dict[str, Environment] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    apis: dict[str, Api] = field(default_factory=dict)
    products: dict[str, Document] = field(default_factory=dict)
    developers: dict[str, Developer] = field(default_factory=dict)
    key_value_maps: dict[str, KeyValueMap] = field(default_factory=dict)
    operations: dict[str, Document] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The organization's name."""
        return str(self.document["name"])

    def groups_of(self, environment: str) -> list[Group]:
        """Return the environment groups that an environment is attached to."""
        return [
            group
            for group in self.groups.values()
            if any(attached["environment"] == environment for attached in group.attachments.values())
        ]


class Store:
    """All organizations. Hold `lock` while reading or changing anything in it."""

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.organizations: dict[str, Organization] = {}

    def now(self) -> str:
        """Return the sandbox's time as the API writes it: milliseconds since 1970, as text."""
        return str(int(self.clock.time() * 1000))

    def organization(self, name: str) -> Organization:
        """Return an organization.

        Raises:
            GoogleError: PERMISSION_DENIED: Google does not tell those outside whether it exists.
        """
        if name not in self.organizations:
            message = f'Permission denied on resource "organizations/{name}" (or it may not exist)'
            raise GoogleError(Code.PERMISSION_DENIED, message)
        return self.organizations[name]

    def environment(self, organization: str, name: str) -> Environment:
        """Return an environment.

        Raises:
            GoogleError: PERMISSION_DENIED or NOT_FOUND.
        """
        return found(self.organization(organization).environments, name, f"organizations/{organization}/environments")


def found(things: Mapping[str, Thing], name: str, collection: str) -> Thing:
    """Return a thing by name.

    Raises:
        GoogleError: NOT_FOUND.
    """
    if name not in things:
        raise not_found(resource=f"{collection}/{name}")
    return things[name]
