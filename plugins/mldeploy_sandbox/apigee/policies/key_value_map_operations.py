"""KeyValueMapOperations: reads entries of a map; all maps are encrypted, so only private variables take them.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/key-value-map-operations-policy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.settings import PolicyError, Setting, setting
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context
    from mldeploy_sandbox.apigee.store import KeyValueMap

SCOPES = ("organization", "environment", "apiproxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """One entry, and the variable that takes it."""

    variable: str
    key: Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueMapOperations:
    """Reads entries."""

    SHAPE: ClassVar[Shape] = policy(
        "mapIdentifier",
        Scope=TEXT,
        ExpiryTimeInSecs=TEXT,
        Get=shape("assignTo index", Key=shape(Parameter=REFERENCE)),
    )
    name: str
    map_name: str
    scope: str
    gets: Sequence[Get]

    @classmethod
    def from_xml(cls, name: str, document: Element) -> KeyValueMapOperations:
        """Read the policy.

        Raises:
            PolicyError: an unknown scope.
        """
        scope = text(document, "Scope", "environment")
        if scope not in SCOPES:
            message = f"Scope is '{scope}': use {', '.join(SCOPES)}"
            raise PolicyError(message)
        gets = [
            Get(variable=item.get("assignTo", ""), key=setting(item, "Key/Parameter"))
            for item in document.findall("Get")
        ]
        return cls(name=name, map_name=document.get("mapIdentifier", ""), scope=scope, gets=gets)

    def run(self, context: Context) -> None:
        """Set the variables of entries that exist.

        Raises:
            Fault: SetVariableFailed: a variable is not private.
        """
        with context.services.store.lock:
            found = self._maps(context).get(self.map_name)
            entries = dict(found.entries) if found else {}
        for get in self.gets:
            if not get.variable.startswith("private."):
                reason = f"Failed to set variable {get.variable}: the map {self.map_name} is encrypted"
                raise Fault(500, "steps.keyvaluemapoperations.SetVariableFailed", reason)
            value = entries.get(get.key.read(context))
            if value is not None:
                context.write(get.variable, value)

    def _maps(self, context: Context) -> Mapping[str, KeyValueMap]:
        place = context.place
        if self.scope == "organization":
            return place.organization.key_value_maps
        if self.scope == "apiproxy":
            return place.organization.apis[place.deployment.api].key_value_maps
        return place.environment.key_value_maps
