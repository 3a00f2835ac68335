"""Signing keys of user pools: one RSA key per pool, made when first needed, and the tokens signed with them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ALGORITHM = "RS256"


def issuer(pool_id: str) -> str:
    """Return the `iss` claim of a pool's tokens; the region is part of the pool's id.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
    """
    return f"https://cognito-idp.{pool_id.split('_', 1)[0]}.amazonaws.com/{pool_id}"


class PoolKeys:
    """The keys of all pools, kept in a folder so that every plane of a sandbox finds the same ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "cognito"
        self._lock = threading.Lock()
        self._keys: dict[str, rsa.RSAPrivateKey] = {}

    def jwks(self, pool_id: str) -> dict[str, Any]:
        """Return the pool's public keys as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [self._public_jwk(pool_id)]}

    def sign(self, pool_id: str, claims: Mapping[str, Any]) -> str:
        """Return a signed token."""
        headers = {"kid": self._public_jwk(pool_id)["kid"]}
        return jwt.encode(dict(claims), self._private_key(pool_id), algorithm=ALGORITHM, headers=headers)

    def verify(self, pool_id: str, token: str) -> dict[str, Any]:
        """Return the claims of a token that this pool signed, that is valid now, and that names the pool as issuer.

        Raises:
            jwt.InvalidTokenError: it is not; jwt.ExpiredSignatureError if only its time is over.
        """
        if jwt.get_unverified_header(token).get("kid") != self._public_jwk(pool_id)["kid"]:
            message = "the token was not signed with a key of this pool"
            raise jwt.InvalidTokenError(message)
        claims: dict[str, Any] = jwt.decode(
            token,
            self._private_key(pool_id).public_key(),
            algorithms=[ALGORITHM],
            issuer=issuer(pool_id),
            options={"require": ["exp", "iat", "iss", "token_use"], "verify_aud": False},
        )
        return claims

    def _public_jwk(self, pool_id: str) -> dict[str, Any]:
        """Return the public key; its id is the thumbprint of RFC 7638."""
        public = self._private_key(pool_id).public_key()
        document = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        thumbprint = {name: document[name] for name in ("e", "kty", "n")}
        digest = hashlib.sha256(json.dumps(thumbprint, sort_keys=True, separators=(",", ":")).encode()).digest()
        key_id = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {**thumbprint, "alg": ALGORITHM, "kid": key_id, "use": "sig"}

    def _private_key(self, pool_id: str) -> rsa.RSAPrivateKey:
        with self._lock:
            if pool_id not in self._keys:
                self._keys[pool_id] = _stored_key(self._folder / f"{pool_id}.pem")
            return self._keys[pool_id]


def _stored_key(path: Path) -> rsa.RSAPrivateKey:
    """Read a key; make and store it first if there is none. Of two that race, the first to store it wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        draft = path.with_name(f"{uuid.uuid4().hex}.draft")
        draft.touch(mode=0o600)
        draft.write_bytes(
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        message = f"{path.name} is not an RSA key"
        raise TypeError(message)
    return key
