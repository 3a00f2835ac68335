"""The door `openid`: what an issuer says of itself.

Source: https://openid.net/specs/openid-connect-discovery-1_0.html, sections 4 and 7.2 (whose document it must be)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import requests
import urllib3

from mldeploy import DeployError
from mldeploy.model import JSON

WELL_KNOWN = "/.well-known/openid-configuration"
SECONDS = 10
LARGEST_BYTES = 1_048_576
JWKS_URI = re.compile(r"https://[^\s#{}]+")
"""What may stand in a proxy: braces are variables there."""
HINT = "see whether this machine can reach it, or write expose.auth.jwksUri, so that nobody has to look"


class OpenIdDiscovery:
    """Reads discovery documents."""

    def jwks_uri(self, issuer: str) -> str:
        """Return where the document of an issuer says that its keys are.

        Raises:
            DeployError: there is no such document, it is another issuer's, or names no keys.
        """
        url = issuer.rstrip("/") + WELL_KNOWN
        document = _document(url)
        if document.get("issuer") != issuer:
            message = f"{url} is the document of {document.get('issuer')!r}, and expose.auth.issuer is {issuer!r}"
            raise DeployError(
                message, hint="write the issuer exactly as its document does, slashes at the end included"
            )
        found = document.get("jwks_uri")
        if not isinstance(found, str) or not JWKS_URI.fullmatch(found):
            message = f"{url} names no keys at an https address that a proxy can have: jwks_uri is {found!r}"
            raise DeployError(message, hint=HINT)
        return found


def _document(url: str) -> Mapping[str, JSON]:
    try:
        with requests.get(url, timeout=SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                message = f"{url} answered {answer.status_code}, not with a discovery document"
                raise DeployError(message, hint=HINT)
            text = answer.raw.read(LARGEST_BYTES + 1, decode_content=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        message = f"{url} cannot be read: {error}"
        raise DeployError(message, hint=HINT) from error
    return _parsed(url, text)


def _parsed(url: str, text: bytes) -> Mapping[str, JSON]:
    try:
        document = json.loads(text) if len(text) <= LARGEST_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        message = f"{url} is no JSON object of at most {LARGEST_BYTES} bytes"
        raise DeployError(message, hint=HINT)
    return document
