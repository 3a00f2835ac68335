"""SageMaker's model registry: model packages and their approval.

Source: SageMaker developer guide, "Model Registry Models, Model Versions, and Model Groups".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy.errors import RefusedError, UsageError

APPROVED = "Approved"


def package_of(client: Any, group: str, version: str) -> Mapping[str, Any]:
    """Return a model package.

    Arguments:
        version: a number; empty takes the newest approved one.

    Raises:
        UsageError: there is none.
        RefusedError: it is not approved.
    """
    status = {} if version else {"ModelApprovalStatus": APPROVED}
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group, **status)
    found = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    if version:
        found = [summary for summary in found if str(summary["ModelPackageVersion"]) == version]
    if not found:
        message = f"model group {group} has no {f'version {version}' if version else 'approved version'}"
        raise UsageError(
            message, hint="look at `aws sagemaker list-model-packages`; approve a version, or name another"
        )
    newest = max(found, key=lambda summary: summary["ModelPackageVersion"])
    package: Mapping[str, Any] = client.describe_model_package(ModelPackageName=newest["ModelPackageArn"])
    objection = unapproved(package)
    if objection is not None:
        raise RefusedError(objection, hint="have it approved in the model registry, or name another version")
    return package


def unapproved(package: Mapping[str, Any]) -> str | None:
    """Return why a package may not be deployed; None when it may."""
    status = package.get("ModelApprovalStatus")
    return None if status == APPROVED else f"{package['ModelPackageArn']} is {status}, not {APPROVED}"
