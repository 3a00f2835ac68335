"""Who the sandbox pretends to be: one account, one set of credentials that work nowhere else."""

from __future__ import annotations

ACCOUNT_ID = "123456789012"
"""The account in every ARN; AWS's own documentation uses this number for examples."""

DEFAULT_REGION = "eu-central-1"
"""The region of calls that name none."""

ACCESS_KEY_ID = "AKIAIOSFODNN7SANDBOX"
"""Twenty capitals and digits, as moto expects of a key that it should accept."""

SECRET_ACCESS_KEY = "sandbox"  # noqa: S105 - the sandbox checks no signatures


WORKLOAD_KEY_ID = "ASIAIOSFODNN7SANDBOX"
"""What functions and containers in the sandbox call with; they have roles of their own."""


def client_environment(
    base_url: str, region: str = DEFAULT_REGION, access_key_id: str = ACCESS_KEY_ID
) -> dict[str, str]:
    """Return the variables that point boto3, the AWS CLI and the AWS SDKs at the sandbox."""
    return {
        "AWS_ENDPOINT_URL": base_url,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }
