"""The zip that Lambda runs: the same bytes on every machine, so that its hash changes only with the code."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

PACKAGE = "mldeploy_cache"
HANDLER = f"{PACKAGE}.function.handler.handle"


@cache
def function_zip() -> bytes:
    """Return the zip: the folder `function`, in the package it is imported from."""
    from mldeploy.reproducible_zip import reproducible_zip  # noqa: PLC0415 - zipfile, only where a function is made

    folder = Path(__file__).parent / "function"
    files = {f"{PACKAGE}/function/{path.name}": path.read_bytes() for path in folder.glob("*.py")}
    return reproducible_zip({**files, f"{PACKAGE}/__init__.py": b""})


def code_sha256(code: bytes) -> str:
    """Return the hash of a zip in Lambda's form: base64 of SHA-256."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which checking a release does not need

    return base64.b64encode(hashlib.sha256(code).digest()).decode()
