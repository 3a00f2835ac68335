"""JSON Web Tokens taken apart, and their signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from mldeploy_sandbox.apigee.policies.jwt_claims import JwtError


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that can be read; whether it is good is another question."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]


def decode(text: str) -> Token:
    """Read a token.

    Raises:
        JwtError: FailedToDecode.
    """
    try:
        parts = jwt.api_jws.decode_complete(text, options={"verify_signature": False})
        claims = json.loads(parts["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise JwtError(name="FailedToDecode", text="Failed to Decode Token") from error
    if not isinstance(claims, dict):
        raise JwtError(name="FailedToDecode", text="Failed to Decode Token")
    return Token(text=text, header=parts["header"], claims=claims)


def check_signature(token: Token, keys: Mapping[str, Any], algorithms: Sequence[str]) -> None:
    """Check the signature with the key that the token names; keys in the token itself are not looked at.

    Raises:
        JwtError: KeyIdMissing, NoMatchingPublicKey, WrongKeyType or InvalidToken.
    """
    key_id = token.header.get("kid")
    if not key_id:
        raise JwtError(name="KeyIdMissing", text="Key id not found in header")
    if key_id not in keys:
        raise JwtError(name="NoMatchingPublicKey", text="No matching public key")
    try:
        jwt.api_jws.decode_complete(token.text, keys[key_id].key, algorithms=list(algorithms))
    except jwt.InvalidKeyError as error:
        raise JwtError(name="WrongKeyType", text="Wrong key type") from error
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise JwtError(name="InvalidToken", text="Invalid token") from error
