"""IAM policy documents as data."""

from __future__ import annotations

from mldeploy.model import JSON

VERSION = "2012-10-17"


def trust(service: str) -> JSON:
    """Return the trust policy that lets one AWS service (such as `lambda.amazonaws.com`) take a role."""
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def allow(actions: list[str], resources: list[JSON]) -> JSON:
    """Return a statement that allows actions on resources."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def document(*statements: JSON) -> JSON:
    """Return a policy document."""
    return {"Version": VERSION, "Statement": list(statements)}
