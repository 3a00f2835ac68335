"""The keys of cache entries: a prefix and fragments, within one environment.

Source: https://cloud.google.com/apigee/docs/api-platform/cache/working-cachekeys
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.settings import PolicyError, Setting
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

CACHE_KEY = shape(Prefix=TEXT, KeyFragment=REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """A key whose fragments are texts or variables."""

    prefix: str
    fragments: Sequence[Setting]

    def read(self, context: Context) -> Hashable:
        """Return the key for this request."""
        place = context.place
        values = tuple(fragment.read(context) for fragment in self.fragments)
        return (place.organization.name, place.deployment.environment, self.prefix, *values)


def read_cache_key(document: Element) -> CacheKey:
    """Read the element CacheKey.

    Raises:
        PolicyError: it has no prefix: what a scope puts in its place, the stand-in does not know.
    """
    prefix = text(document, "CacheKey/Prefix")
    if not prefix:
        message = "the stand-in has only keys of caches with a Prefix"
        raise PolicyError(message)
    fragments = [
        Setting(value=(item.text or "").strip(), variable=item.get("ref", ""))
        for item in document.findall("CacheKey/KeyFragment")
    ]
    return CacheKey(prefix=prefix, fragments=fragments)
