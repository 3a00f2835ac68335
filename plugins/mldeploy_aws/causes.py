"""What to do about the refusals that deployments meet most: a table from AWS's words to a fix."""

from __future__ import annotations

import re
from dataclasses import dataclass

AGAIN = "fix the cause and run again: what is done is kept"


@dataclass(frozen=True, slots=True)
class Cause:
    """An error code and a part of the message, as regular expressions, and what to try."""

    code: str
    text: str
    fix: str


CAUSES = (
    Cause(
        "LimitExceeded|QuotaExceeded|ResourceLimitExceeded|LimitExceededFault",
        "",
        "this is a quota of the account, which no waiting changes: delete what is unused, or ask for more under "
        "Service Quotas in the AWS console, then run again",
    ),
    Cause(
        "InsufficientInstanceCapacity|CapacityError|InsufficientCacheClusterCapacity",
        "",
        "AWS has no such machines free right now: run again later, or choose another instance type or region",
    ),
    Cause(
        "",
        "CloudWatch Logs role ARN must be set",
        "API Gateway needs a role for its logs once per account and region: set expose.accessLogs.setAccountRole, or "
        "`aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN`",
    ),
    Cause(
        "",
        "could not assume role|cannot be assumed",
        "two minutes did not help, so IAM is not just slow: check that the role's trust policy names the service, and "
        "run again",
    ),
    Cause(
        "",
        "model (data|artifact).*(access|find|exist|denied|permission)|access model data",
        "SageMaker cannot read the archive: see that it is there (`aws s3 ls`), and allow s3:GetObject on it (and "
        "kms:Decrypt on its key) to the execution role, then run again",
    ),
    Cause(
        "",
        "manifest media type",
        "SageMaker takes Docker schema 2 images only: build without provenance and attestations "
        "(`--provenance=false --sbom=false`), then run again",
    ),
    Cause(
        "RequestEntityTooLarge|RequestTooLarge|CodeStorageExceeded",
        "",
        "what is sent is larger than AWS takes, or old versions fill the account's storage: make it smaller or delete "
        "old versions, then run again",
    ),
    Cause(
        "",
        "Unzipped size must be smaller",
        "the function's code is too large: leave packages out that AWS has already, then run again",
    ),
    Cause(
        "MalformedPolicyDocument",
        "",
        "IAM does not read the policy: check tags, account ids and ARNs in release.yaml for odd characters",
    ),
    Cause(
        "RepositoryNotEmpty|BucketNotEmpty|BucketNotEmptyException",
        "",
        "things lie in it that mldeploy did not make: keep it, or empty it by hand and run again",
    ),
    Cause(
        "DeleteConflict",
        "",
        "something that mldeploy did not make is attached to it: detach that by hand and run again",
    ),
    Cause(
        "BucketAlreadyExists",
        "",
        "somebody else has a bucket of this name, and names are global: rename the release",
    ),
    Cause(
        "",
        "Domain already associated with another user pool",
        "the prefix is taken in this region: rename the release or the environment",
    ),
    Cause(
        "",
        "deletion protection",
        "the user pool is protected against this: switch its deletion protection off if its users may go, run again",
    ),
    Cause(
        "PreconditionFailed",
        "",
        "somebody changed it at the same time: run `mldeploy plan` to see the difference, then run again",
    ),
    Cause(
        "ImageTagAlreadyExists|ImageAlreadyExists",
        "",
        "another image was pushed under this tag: delete it in the repository, then run again",
    ),
    Cause(
        "InvalidReplicationGroupState|InvalidCacheClusterState",
        "",
        "ElastiCache is still busy with it, which may take half an hour: run again then",
    ),
    Cause(
        "DependencyViolation",
        "",
        "something still uses it; network interfaces of functions stay up to an hour: run again then",
    ),
    Cause(
        "Throttl|TooManyRequests|SlowDown|RequestLimitExceeded",
        "",
        "AWS throttled us for five minutes: find out what else calls it in this account, and run again",
    ),
    Cause(
        "",
        "Active stages pointing|API Stages associated|has a domain configured",
        "something that release.yaml does not describe still uses it: take that away by hand, or run again if this run "
        "was interrupted",
    ),
    Cause(
        "KMS|InvalidKeyUsage",
        "",
        "allow the key to the identity that deploys and to the role that uses it, then run again",
    ),
)
"""The first match counts. Sources: the errors of each operation in the API references, and for the texts the issues
that quote them (serverless 10135, amazon-sagemaker-feedback 180, terraform-provider-aws 10329)."""


def fix_for(code: str, text: str) -> str:
    """Return what to try about an error; running again is safe in any case."""
    found = (
        cause.fix for cause in CAUSES if re.search(cause.code, code) and re.search(cause.text, text, re.IGNORECASE)
    )
    return next(found, AGAIN)
