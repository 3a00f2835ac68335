"""Where a release's proxy goes, and names that steps, drivers and the caller must agree on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mldeploy import Context, Release
    from mldeploy.model import JSON

MAP_PREFIX = "mldeploy-"
DEVELOPER_DOMAIN = "mldeploy.invalid"
"""Developers are known by addresses; nobody ever gets mail at this one (RFC 6761, section 6.4)."""


def place_of(release: Release) -> dict[str, JSON]:
    """Return the organization and the environment of a release's proxy, for specs."""
    return {
        "organization": release.value("apigee.organization") or "",
        "environment": release.value("apigee.environment") or "",
    }


def configured_place(context: Context) -> dict[str, JSON]:
    """Return the same as `place_of` from the configuration of a run; empty when it says nothing."""
    found = context.config.get("apigee", {})
    keys = ("organization", "environment")
    return {key: found[key] for key in keys} if all(found.get(key) for key in keys) else {}


def base_path(release: Release) -> str:
    """Return the path below the hostname; by default the name of the release."""
    return str(release.value("apigee.basePath") or f"/{release.name}")


def map_name(stem: str) -> str:
    """Return the name of the key value map; maps carry no labels, so the prefix says whose it is."""
    return f"{MAP_PREFIX}{stem}"


def developer_email(stem: str) -> str:
    """Return the address of the developer who owns the release's own app."""
    return f"{stem}@{DEVELOPER_DOMAIN}"


def organization_path(spec: Mapping[str, JSON]) -> str:
    """Return the path of an organization in the management API."""
    return f"organizations/{quote(spec['organization'], safe='')}"


def environment_path(spec: Mapping[str, JSON]) -> str:
    """Return the path of an environment in the management API."""
    return f"{organization_path(spec)}/environments/{quote(spec['environment'], safe='')}"
