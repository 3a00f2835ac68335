"""Why Lambda could not bring a function into force, and what to do: a table of its reason codes.

Source: the enumerations StateReasonCode and LastUpdateStatusReasonCode in Lambda's API reference,
https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

from __future__ import annotations

import re

AGAIN = "fix the cause and run again"
FIXES = (
    ("SubnetOutOfIPAddresses", "a subnet has no free addresses: name larger ones in cache.vpc.subnets, then run again"),
    ("EniLimitExceeded", "the VPC has its limit of network interfaces: ask for more under Service Quotas, run again"),
    ("InvalidSubnet", "a subnet is gone: correct cache.vpc.subnets and run again"),
    ("InvalidSecurityGroup", "a security group is gone: correct cache.vpc.securityGroups, or run again to make ours"),
    (
        "InsufficientRolePermissions",
        "the function's role lacks a permission: look who changed it; the next run puts our policy back",
    ),
    ("KMSKeyAccessDenied", "allow kms:Decrypt on the key to the function's role, then run again"),
    ("KMSKeyNotFound", "the key is gone: name one that exists, then run again"),
    ("DisabledKMSKey|InvalidStateKMSKey", "the key cannot be used: enable it (`aws kms enable-key`), then run again"),
    ("ImageDeleted|ImageAccessDenied|InvalidImage", "the image cannot be read: look who made it one; ours is a zip"),
    ("EFS", "the file system does not answer: ours has none, so take it off the function, then run again"),
    ("InvalidRuntime", "this runtime is no longer offered: update mldeploy, then run again"),
    ("InvalidZipFile", "the code does not unpack: run again, which uploads it anew"),
    ("InvalidConfiguration", "Lambda does not take this configuration: correct `cache` in release.yaml and run again"),
    ("FunctionError", "the function does not start: `mldeploy logs` shows its error; run again when it is corrected"),
    ("ServiceQuotaExceeded|VcpuLimitExceeded|ScalingLimit", "ask for more under Service Quotas, then run again"),
    (
        "InsufficientCapacity|EC2RequestLimitExceeded|InternalError|DependencyError",
        "AWS is short of something: run again",
    ),
    (
        "DisallowedByVpcEncryptionControl",
        "the VPC demands encrypted traffic: choose other cache.vpc.subnets, run again",
    ),
)
"""Reason codes, as regular expressions, and what to try; the first match counts."""


def fix_for_reason(code: str) -> str:
    """Return what to do about a reason code."""
    return next((fix for pattern, fix in FIXES if re.search(pattern, code)), AGAIN)
