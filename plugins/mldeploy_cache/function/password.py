"""The password of Redis, from Secrets Manager: read once and kept for some minutes, so that a rotation is noticed."""

from __future__ import annotations

import time

KEPT_SECONDS = 300.0
TIMEOUT = 1.0


class PasswordError(OSError):
    """Secrets Manager does not give the password; for the cache this is one more way of not reaching Redis."""


class Password:
    """Reads one secret when a connection needs it; an empty ARN stands for no password."""

    def __init__(self, secret_arn: str) -> None:
        self._secret_arn = secret_arn
        self._value = b""
        self._stale_at = 0.0

    def read(self) -> bytes:
        """Return the password, or nothing where none is asked for.

        Raises:
            PasswordError: it cannot be read.
        """
        if self._secret_arn and time.monotonic() >= self._stale_at:
            self._value = _secret_text(self._secret_arn).encode()
            self._stale_at = time.monotonic() + KEPT_SECONDS
        return self._value


def _secret_text(secret_arn: str) -> str:
    import botocore.session  # noqa: PLC0415 - only a new connection needs it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": 1})
    try:
        client = botocore.session.get_session().create_client("secretsmanager", config=config)
        return str(client.get_secret_value(SecretId=secret_arn)["SecretString"])
    except (BotoCoreError, ClientError) as error:
        message = f"the password cannot be read: {type(error).__name__}"
        raise PasswordError(message) from error
