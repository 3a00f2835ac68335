"""How long policies may be, and how to divide what is longer.

Source: IAM user guide, "IAM and AWS STS quotas"; whitespace does not count.
"""

from __future__ import annotations

import json

from mldeploy.model import JSON
from mldeploy_aws.policies import document

LONGEST_MANAGED_POLICY = 6144
LONGEST_INLINE_POLICIES = 10240
"""All inline policies of one role together."""
ADVICE = (
    f"a managed policy has at most {LONGEST_MANAGED_POLICY} (--split writes several), the inline policies of a role at"
    f" most {LONGEST_INLINE_POLICIES}"
)


def length_of(policy: JSON) -> int:
    """Return the characters of a policy as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))


def split(policy: JSON) -> list[JSON]:
    """Return managed policies that together allow what a policy allows, its statements in their order."""
    parts: list[list[JSON]] = [[]]
    for statement in policy["Statement"]:
        if parts[-1] and length_of(document(*parts[-1], statement)) > LONGEST_MANAGED_POLICY:
            parts.append([])
        parts[-1].append(statement)
    return [document(*part) for part in parts]
