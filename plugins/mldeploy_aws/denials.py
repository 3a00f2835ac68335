"""Refusals for want of a permission: the IAM action to allow, which often has another name than the operation."""

from __future__ import annotations

import re

CODES = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""403 is what S3 answers to HEAD: such an answer has no body that could say more
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html)."""
TOLD = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
UNTOLD = {"HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject"}
"""Operation → action, where the answer is silent."""


def fix_for_denial(operation: str, text: str) -> str:
    """Return what to do about a refusal.

    Arguments:
        operation: the name of the operation that was refused.
        text: AWS's words; the action in them may be another one, such as iam:PassRole for CreateFunction.
    """
    found = TOLD.search(text)
    action = found["action"] if found else UNTOLD.get(operation, operation)
    place = f" on {found['resource'].rstrip('.,')}" if found and found["resource"] else ""
    return (
        f"allow {action}{place} to the identity that deploys, then run again; `mldeploy policy deployer` prints all"
        " that it needs"
    )
