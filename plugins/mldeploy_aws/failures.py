"""Turn botocore's exceptions into errors with a cause, a fix and the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mldeploy.errors import CredentialsError, DeployError, MldeployError
from mldeploy_aws.causes import fix_for
from mldeploy_aws.denials import CODES, fix_for_denial

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN_IDENTITY = {
    "AuthFailure",
    "IDPCommunicationError",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class AnswerLostError(DeployError):
    """A call that must not be repeated blindly got no answer: it was done, or it was not."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Let botocore's exceptions out of the block as ours.

    Raises:
        CredentialsError: credentials are missing, expired or unknown.
        DeployError: everything else that AWS or the way to it refuses.
    """
    import botocore.exceptions  # noqa: PLC0415 - drivers are imported before any AWS is needed

    try:
        yield
    except MldeployError:
        raise
    except botocore.exceptions.ClientError as error:
        raise _from_code(error, doing) from error
    except (
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.PartialCredentialsError,
        botocore.exceptions.CredentialRetrievalError,
        botocore.exceptions.SSOError,
        botocore.exceptions.TokenRetrievalError,
    ) as error:
        message = f"no usable AWS credentials while {doing}: {error}"
        raise CredentialsError(message, hint="log in (`aws sso login`), or use OIDC in CI") from error
    except botocore.exceptions.BotoCoreError as error:
        message = f"{type(error).__name__} while {doing}: {error}"
        raise DeployError(message, hint="running again is safe") from error


def code_of(error: Any) -> str:
    """Return the error code of a ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _from_code(error: Any, doing: str) -> MldeployError:
    code = code_of(error)
    answer = error.response
    text = answer.get("Error", {}).get("Message") or str(error)
    request = answer.get("ResponseMetadata", {}).get("RequestId", "unknown")
    message = f"{error.operation_name} answered {code} while {doing}: {text}"
    details = (f"request id {request}",)
    if code in EXPIRED:
        return CredentialsError(message, hint="renew the credentials and run again: it resumes", details=details)
    if code in UNKNOWN_IDENTITY:
        hint = "check `aws sts get-caller-identity`, the clock, and that instance.region is enabled for the account"
        return CredentialsError(message, hint=hint, details=details)
    if code in CODES:
        return DeployError(message, hint=fix_for_denial(error.operation_name, text), details=details)
    return DeployError(message, hint=fix_for(code, text), details=details)
