"""Names that steps and drivers must agree on, from the stem that all names of a release have."""

from __future__ import annotations

from mldeploy import Context
from mldeploy_aws.naming import shortened

LONGEST_GROUP_ID = 40
"""https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html"""
SERVICES = ("sagemaker.runtime", "secretsmanager")
"""The AWS services that the function may call from inside a VPC; its logs leave by Lambda itself."""


def cache_name(stem: str) -> str:
    """Return the name of the function, of its role and group, and of the secret with Redis' password."""
    return f"{stem}-cache"


def inner_group_name(stem: str) -> str:
    """Return the name of the security group of what the function calls."""
    return f"{cache_name(stem)}-services"


def redis_name(stem: str) -> str:
    """Return the name of the replication group and of its subnet group."""
    return shortened(stem, LONGEST_GROUP_ID)


def endpoint_name(stem: str, service: str) -> str:
    """Return the name of the interface endpoint of a service."""
    return f"{cache_name(stem)}-{service.replace('.', '-')}"


def owner(context: Context) -> str:
    """Return what the descriptions of our ElastiCache groups begin with: they say whose a group is."""
    return f"mldeploy {context.name} {context.env}"
