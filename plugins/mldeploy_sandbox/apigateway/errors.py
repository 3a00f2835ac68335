"""API Gateway's answers to calls that it refuses."""

from __future__ import annotations

from mldeploy_sandbox.plane import AwsError


def bad_request(message: str) -> AwsError:
    """Return the answer to bad input."""
    return AwsError("BadRequestException", message)


def not_found(message: str) -> AwsError:
    """Return the answer to the name of something that does not exist."""
    return AwsError("NotFoundException", message, 404)
