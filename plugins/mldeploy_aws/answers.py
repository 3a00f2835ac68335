"""What an answer of AWS, or its absence, means for the call: a table from errors to meanings."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from mldeploy_aws.failures import code_of

THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ModelNotReadyException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes of botocore's own standard mode, with ModelNotReadyException of SageMaker's runtime."""
QUOTAS = frozenset({"LimitExceededException", "ServiceQuotaExceededException", "ResourceLimitExceeded"})
"""Quotas, although API Gateway answers them with 429 too (terraform-provider-aws issue 37605); no waiting helps."""
GONE_CODES = re.compile(r"NotFound|NoSuch|^404$")
GONE_TEXT = "could not find"
"""SageMaker has no code of its own for what does not exist."""
EXISTS = re.compile(
    r"Already(Exists|Existing|OwnedByYou|InUse)|ResourceConflictException|InvalidParameterException|ConflictException"
    r"|ValidationException|ResourceInUse"
)
EXISTS_TEXT = re.compile(r"already exist|already owned|already associated", re.IGNORECASE)
NOT_IMPLEMENTED = 501
"""What a sandbox answers to a call that it does not know."""


class Meaning(Enum):
    """What happened to a call that gave no result."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    UNSENT = "unsent"
    LOST = "lost"


def meaning_of(error: Exception) -> Meaning:
    """Return what an exception of botocore means: only a lost call may have been done."""
    from botocore.exceptions import (  # noqa: PLC0415 - drivers are imported before any AWS is needed
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        ProxyConnectionError,
        SSLError,
    )
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    if is_answer(error):
        code, status = code_of(error), status_of(error)
        if code in THROTTLES or (status == 429 and code not in QUOTAS):
            return Meaning.THROTTLED
        return Meaning.LOST if status >= 500 and status != NOT_IMPLEMENTED else Meaning.REFUSED
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError):
        return Meaning.UNSENT
    if isinstance(error, SSLError):
        return Meaning.REFUSED
    return Meaning.LOST if isinstance(error, HTTPClientError | ResponseParserError) else Meaning.REFUSED


def is_answer(error: Any) -> bool:
    """Return whether an exception is an answer of AWS (a ClientError); botocore's other errors have no response."""
    return isinstance(getattr(error, "response", None), dict)


def status_of(error: Any) -> int:
    """Return the HTTP status of a ClientError."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def text_of(error: Any) -> str:
    """Return the message of a ClientError as AWS wrote it."""
    return str(error.response.get("Error", {}).get("Message") or "")


def says_gone(error: Exception) -> bool:
    """Return whether AWS says that something does not exist."""
    if not is_answer(error):
        return False
    return bool(GONE_CODES.search(code_of(error))) or GONE_TEXT in text_of(error).lower()


def says_exists(error: Exception) -> bool:
    """Return whether AWS says that something exists already."""
    if not is_answer(error):
        return False
    code = code_of(error)
    return "AlreadyExists" in code or bool(EXISTS.search(code) and EXISTS_TEXT.search(text_of(error)))
