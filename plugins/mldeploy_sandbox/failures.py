"""Errors that every service can answer with, in the words of each: too many requests, and failures of its own."""

from __future__ import annotations

from mldeploy_sandbox.plane import AwsError

DEFAULT_THROTTLE = ("ThrottlingException", "Rate exceeded", 400)
THROTTLES = {
    "apigateway": ("TooManyRequestsException", "Too Many Requests", 429),
    "cognito-idp": ("TooManyRequestsException", "Rate exceeded", 400),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "elasticache": ("Throttling", "Rate exceeded", 400),
    "iam": ("Throttling", "Rate exceeded", 400),
    "lambda": ("TooManyRequestsException", "Rate exceeded", 429),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "sts": ("Throttling", "Rate exceeded", 400),
}
"""Code, message and status (botocore's `data/_retry.json` and the services' models)."""

DEFAULT_BREAKDOWN = ("InternalFailure", "The request processing has failed because of an unknown error.", 500)
BREAKDOWNS = {
    "cognito-idp": ("InternalErrorException", "Something went wrong", 500),
    "ecr": ("ServerException", "These errors are usually caused by a server-side issue.", 500),
    "lambda": ("ServiceException", "The Lambda service encountered an internal error.", 500),
    "logs": ("ServiceUnavailableException", "The service cannot complete the request.", 503),
    "s3": ("InternalError", "We encountered an internal error. Please try again.", 500),
    "sagemaker-runtime": ("InternalFailure", "An internal failure occurred.", 500),
}
"""Code, message and status (the services' models, and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html)."""


def throttled(service: str) -> AwsError:
    """Return the error of a service that gets too many requests."""
    return AwsError(*THROTTLES.get(service, DEFAULT_THROTTLE))


def broken_down(service: str) -> AwsError:
    """Return the error of a service that failed."""
    return AwsError(*BREAKDOWNS.get(service, DEFAULT_BREAKDOWN))
