"""LookupCache: a variable from the cache of the environment, where there is an entry.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/lookup-cache-policy
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.cache_keys import CACHE_KEY, CacheKey, read_cache_key
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCache:
    """Reads an entry, and says whether there was one."""

    SHAPE: ClassVar[Shape] = policy(CacheKey=CACHE_KEY, AssignTo=TEXT)
    name: str
    key: CacheKey
    variable: str

    @classmethod
    def from_xml(cls, name: str, document: Element) -> LookupCache:
        """Read the policy.

        Raises:
            PolicyError: a key that the stand-in does not have.
        """
        return cls(name=name, key=read_cache_key(document), variable=text(document, "AssignTo"))

    def run(self, context: Context) -> None:
        """Set the variables."""
        found = context.services.caches.read(self.key.read(context))
        context.write(f"lookupcache.{self.name}.cachehit", "true" if found is not None else "false")
        if found is not None:
            context.write(self.variable, found)
