"""What one kind of step needs from IAM, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Guard(Enum):
    """A condition on tags, for resources whose ARNs do not say whose they are."""

    NONE = ""
    TAGGED = "aws:ResourceTag"
    """The resource that is touched carries the tags of the release."""
    TAGS = "aws:RequestTag"
    """The resource that is made gets the tags of the release."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions of one service on some resources.

    - `service`: the prefix of the actions, such as `sagemaker`.
    - `actions`: separated by blanks, without the prefix.
    - `resources`: patterns of ARNs, or `*`; what stands in braces is filled in (see `names`).
    - `conditions`: condition keys and the value that each one must equal; braces as above.
    - `when`: a property of the step's spec; where it is missing or empty, the grant is not needed.
    """

    service: str
    actions: str
    resources: tuple[str, ...]
    guard: Guard = Guard.NONE
    conditions: tuple[tuple[str, str], ...] = ()
    when: str = ""


def service_linked_role(service: str) -> Grant:
    """Return the permission to let a service make the role that it works under, once per account.

    Source: IAM user guide, "Service-linked role permissions".
    """
    arn = f"arn:aws:iam::{{account}}:role/aws-service-role/{service}/*"
    return Grant("iam", "CreateServiceLinkedRole", (arn,), conditions=(("iam:AWSServiceName", service),))
