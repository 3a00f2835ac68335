"""Log a CircleCI job in to AWS and Google by its OpenID Connect token: no keys, and no command line of a cloud."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mldeploy.errors import CredentialsError, UsageError
from mldeploy.wording import quoted

TOKEN_VARIABLE = "CIRCLE_OIDC_TOKEN_V2"  # noqa: S105 - the name of a variable
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
NOT_IN_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
LONGEST_SESSION_NAME = 64
"""AssumeRoleWithWebIdentity, RoleSessionName: 2 to 64 characters of [\\w+=,.@-] (AWS STS API reference)."""
PROVIDER = re.compile(r"projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+", re.ASCII)
SERVICE_ACCOUNT = re.compile(r"[\w.-]+@[\w.-]+\.gserviceaccount\.com", re.ASCII)
ATTEMPTS = 3
SECONDS_PER_ATTEMPT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSource:
    """Where the job's token comes from.

    `audience` asks CircleCI for a token with this `aud` claim ("OIDC tokens with custom claims"); without it the one
    of the job is taken, whose audience is the id of the organisation.
    """

    audience: str = ""

    def token(self) -> str:
        """Return the token.

        Raises:
            CredentialsError: the job has none.
        """
        return self._mint() if self.audience else _job_token()

    def _mint(self) -> str:
        command = ["circleci", "run", "oidc", "get", "--claims", json.dumps({"aud": self.audience})]
        trouble = ""
        for _ in range(ATTEMPTS):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_PER_ATTEMPT, check=True)
            except subprocess.CalledProcessError as error:
                trouble = error.stderr.strip()
            except (OSError, subprocess.TimeoutExpired) as error:
                trouble = str(error)
            else:
                return done.stdout.strip()
        message = f"CircleCI gave no token for the audience {quoted(self.audience)}"
        hint = "this works only in a job on CircleCI; is OpenID Connect available for the organisation?"
        raise CredentialsError(message, hint=hint, details=(trouble,) if trouble else ())


def log_in_to_aws(*, role: str, region: str, session_name: str, tokens: TokenSource, folder: Path) -> Mapping[str, str]:
    """Write the token where AWS's SDKs look for it, and return the variables that tell them; they assume the role.

    Arguments:
        folder: where the token's file goes, readable by its owner only.

    Raises:
        UsageError: the role is not the ARN of one.
        CredentialsError: the job has no token.
    """
    if ROLE.fullmatch(role) is None:
        message = f"{quoted(role)} is not the ARN of a role"
        raise UsageError(message, hint="give arn:aws:iam::ACCOUNT:role/NAME, or set AWS_ROLE_ARN in the job's context")
    path = _write(folder / "aws-token", tokens.token())
    variables = {
        "AWS_ROLE_ARN": role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(path),
        "AWS_ROLE_SESSION_NAME": NOT_IN_SESSION_NAME.sub("-", session_name)[:LONGEST_SESSION_NAME],
    }
    return {**variables, "AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else variables


def log_in_to_google(*, provider: str, service_account: str, tokens: TokenSource, folder: Path) -> Mapping[str, str]:
    """Write the token and a credential configuration (AIP-4117), and return the variables that name it.

    Arguments:
        service_account: the account to act as; empty for the identity of the pool itself.

    Raises:
        UsageError: the provider or the account is not the name of one.
        CredentialsError: the job has no token.
    """
    provider = provider.removeprefix("//iam.googleapis.com/")
    if PROVIDER.fullmatch(provider) is None:
        message = f"{quoted(provider)} is not the name of a workload identity provider"
        hint = "give projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
        raise UsageError(message, hint=hint)
    if service_account and SERVICE_ACCOUNT.fullmatch(service_account) is None:
        message = f"{quoted(service_account)} is not the address of a service account"
        raise UsageError(message, hint="give NAME@PROJECT.iam.gserviceaccount.com, or nothing")
    token = _write(folder / "google-token", tokens.token())
    configuration = _external_account(provider, service_account, token)
    path = _write(folder / "google-credentials.json", json.dumps(configuration, indent=2))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(path), "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": str(path)}


def _external_account(provider: str, service_account: str, token: Path) -> Mapping[str, object]:
    configuration: dict[str, object] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(token), "format": {"type": "text"}},
    }
    if service_account:
        url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
        configuration["service_account_impersonation_url"] = f"{url}/{service_account}:generateAccessToken"
    return configuration


def _job_token() -> str:
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        message = f"the job has no OpenID Connect token: {TOKEN_VARIABLE} is not set"
        hint = "on CircleCI the job needs at least one context; elsewhere log in by other means"
        raise CredentialsError(message, hint=hint)
    return token


def _write(path: Path, text: str) -> Path:
    """Write a file that only its owner may read, from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path.resolve()
