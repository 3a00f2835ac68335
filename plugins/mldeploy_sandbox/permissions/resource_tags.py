"""The tags of what a call touches, for conditions on aws:ResourceTag where ARNs do not say whose something is.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html (what
lies below a REST API or a usage plan inherits its tags), and the condition keys of Amazon Cognito user pools and Amazon
EC2 in the service authorization reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mldeploy_sandbox.world import World

Lookup = Callable[[Any, str], Mapping[str, str]]


def _api_tags(backend: Any, api_id: str) -> Mapping[str, str]:
    return _tags(backend.apis.get(api_id))


def _domain_tags(backend: Any, name: str) -> Mapping[str, str]:
    return _tags(backend.domain_names.get(name))


def _key_tags(backend: Any, key_id: str) -> Mapping[str, str]:
    return _tags(backend.keys.get(key_id))


def _plan_tags(backend: Any, plan_id: str) -> Mapping[str, str]:
    return _tags(backend.usage_plans.get(plan_id))


def _pool_tags(backend: Any, pool_id: str) -> Mapping[str, str]:
    pool = backend.user_pools.get(pool_id)
    return dict(pool.extended_config.get("UserPoolTags") or {}) if pool else {}


def _ec2_tags(backend: Any, resource_id: str) -> Mapping[str, str]:
    found = backend.describe_tags(filters={"resource-id": [resource_id]})
    return {tag["key"]: tag["value"] for tag in found}


def _tags(resource: Any) -> Mapping[str, str]:
    return dict(getattr(resource, "tags", None) or {})


LOOKUPS: tuple[tuple[re.Pattern[str], str, Lookup], ...] = (
    (re.compile(r"arn:aws:apigateway:([\w-]+)::/restapis/(\w+)"), "apigateway", _api_tags),
    (re.compile(r"arn:aws:apigateway:([\w-]+)::/domainnames/([\w.-]+)"), "apigateway", _domain_tags),
    (re.compile(r"arn:aws:apigateway:([\w-]+)::/apikeys/(\w+)"), "apigateway", _key_tags),
    (re.compile(r"arn:aws:apigateway:([\w-]+)::/usageplans/(\w+)"), "apigateway", _plan_tags),
    (re.compile(r"arn:aws:cognito-idp:([\w-]+):\d+:userpool/([\w-]+)"), "cognito-idp", _pool_tags),
    (re.compile(r"arn:aws:ec2:([\w-]+):\d+:[\w-]+/([\w-]+)"), "ec2", _ec2_tags),
)
"""ARN with region and id, the service, and how moto keeps the tags."""


class ResourceTags:
    """Looks up what a resource carries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, resource: str) -> dict[str, str]:
        """Return aws:ResourceTag/NAME for each tag of what an ARN names; nothing if there is no such thing."""
        for pattern, service, lookup in LOOKUPS:
            found = pattern.match(resource)
            if found is not None:
                with self._world.moto.lock:
                    tags = lookup(self._world.backend(service, found[1]), found[2])
                return {f"aws:ResourceTag/{name}": value for name, value in tags.items()}
        return {}
