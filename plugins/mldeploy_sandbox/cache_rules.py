"""ElastiCache's own rules, which moto does not apply, and what one local server cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy_sandbox.plane import AwsError
from mldeploy_sandbox.rules import declare

REFERENCE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference"
PASSWORDS = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"
COMBINATION = "InvalidParameterCombination"
TOKEN_LENGTHS = range(16, 129)
ONLY_OVER_TLS = declare(
    "elasticache-password-needs-tls",
    "elasticache:CreateReplicationGroup",
    says="A password can be set only for a group whose traffic is encrypted.",
    source=f"{REFERENCE}/API_CreateReplicationGroup.html (AuthToken)",
)
TOKEN_LENGTH = declare(
    "elasticache-password-length",
    "elasticache:CreateReplicationGroup",
    "elasticache:ModifyReplicationGroup",
    says="A password has 16 to 128 characters.",
    source=PASSWORDS,
)
STRATEGY = declare(
    "elasticache-password-change-needs-strategy",
    "elasticache:ModifyReplicationGroup",
    says="A password is changed with AuthTokenUpdateStrategy and ApplyImmediately, in a group with TLS.",
    source=f"{REFERENCE}/API_ModifyReplicationGroup.html (AuthToken)",
)
SUBNETS_IN_USE = declare(
    "elasticache-subnet-group-in-use",
    "elasticache:DeleteCacheSubnetGroup",
    says="A subnet group in which a cluster stands is not deleted.",
    source=f"{REFERENCE}/API_DeleteCacheSubnetGroup.html (CacheSubnetGroupInUse)",
)
SUBNETS_EXIST = declare(
    "elasticache-subnet-group-exists",
    "elasticache:CreateReplicationGroup",
    says="The subnet group of a new group exists.",
    source=f"{REFERENCE}/API_CreateReplicationGroup.html (CacheSubnetGroupNotFoundFault)",
)


def check_creation(params: Mapping[str, Any], subnet_groups: Iterable[str]) -> None:
    """Apply the rules of CreateReplicationGroup, and refuse what one server cannot be.

    Raises:
        AwsError: as AWS would, or 501.
    """
    if params.get("AuthToken") is not None and not params.get("TransitEncryptionEnabled"):
        message = "AuthToken can be specified only when TransitEncryptionEnabled is true"
        raise ONLY_OVER_TLS.refusal(COMBINATION, message)
    check_token(params)
    name = params.get("CacheSubnetGroupName")
    if name is not None and name not in subnet_groups:
        code, message = "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist."
        raise SUBNETS_EXIST.refusal(code, message, 404)
    if params.get("NumNodeGroups", 1) > 1 or params.get("ClusterMode") == "enabled":
        code, message = "NotImplemented", "the sandbox runs one node per replication group, not a sharded cluster"
        raise AwsError(code, message, 501)


def check_token(params: Mapping[str, Any]) -> None:
    """Refuse a password that is too short or too long.

    Raises:
        AwsError: InvalidParameterValue.
    """
    token = params.get("AuthToken")
    if token is not None and len(token) not in TOKEN_LENGTHS:
        code, message = "InvalidParameterValue", "Invalid AuthToken provided."
        raise TOKEN_LENGTH.refusal(code, message)


def check_token_change(params: Mapping[str, Any], *, encrypted: bool) -> None:
    """Apply the rules for changing a password.

    Raises:
        AwsError: InvalidParameterCombination or InvalidParameterValue.
    """
    check_token(params)
    if not (encrypted and params.get("ApplyImmediately") and params.get("AuthTokenUpdateStrategy")):
        message = "AuthToken can be modified only with TLS, AuthTokenUpdateStrategy and ApplyImmediately"
        raise STRATEGY.refusal(COMBINATION, message)
