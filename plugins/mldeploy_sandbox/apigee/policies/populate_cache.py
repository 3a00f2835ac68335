"""PopulateCache: a variable into the cache of the environment, for a time.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/populate-cache-policy
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.cache_keys import CACHE_KEY, CacheKey, read_cache_key
from mldeploy_sandbox.apigee.policies.settings import PolicyError, whole_number
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

TIMEOUT = "ExpirySettings/TimeoutInSeconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulateCache:
    """Writes an entry."""

    SHAPE: ClassVar[Shape] = policy(CacheKey=CACHE_KEY, ExpirySettings=shape(TimeoutInSeconds=TEXT), Source=TEXT)
    name: str
    key: CacheKey
    seconds: int
    variable: str

    @classmethod
    def from_xml(cls, name: str, document: Element) -> PopulateCache:
        """Read the policy.

        Raises:
            PolicyError: a key that the stand-in does not have, or no time after which the entry ends.
        """
        seconds = whole_number(document, TIMEOUT)
        if not seconds:
            message = f"the stand-in keeps nothing without {TIMEOUT}"
            raise PolicyError(message)
        return cls(name=name, key=read_cache_key(document), seconds=seconds, variable=text(document, "Source"))

    def run(self, context: Context) -> None:
        """Keep the variable, if it is set."""
        value = context.read(self.variable)
        if value is not None:
            context.services.caches.write(self.key.read(context), value, self.seconds)
