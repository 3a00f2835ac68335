"""Tokens that only look right: forged, stolen from elsewhere, out of date, malformed. Every gateway has to refuse them.

The list follows RFC 8725 (JSON Web Token Best Current Practices) and Cognito's page on verifying tokens
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

NOW = int(time.time())
Forgery = Callable[["Forger"], str]


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class UserPool(Protocol):
    """A user pool whose tokens a gateway takes, and its one machine client."""

    id: str
    client_id: str
    key_folder: Path

    def token(self, scope: str = ...) -> str: ...

    def sign_in(self) -> dict[str, Any]: ...


class Forger:
    """Knows a good token, the pool's own key (which no attacker has), and keys of its own."""

    def __init__(self, pool: UserPool, other: UserPool) -> None:
        self.pool, self.other = pool, other
        self.token = pool.token()
        self.head, self.payload, self.signature = self.token.split(".")
        self.claims: dict[str, Any] = jwt.decode(self.token, options={"verify_signature": False})
        self.header: dict[str, Any] = dict(jwt.get_unverified_header(self.token))
        stored = next(pool.key_folder.rglob(f"{pool.id}.pem"))
        self.pool_key: Any = serialization.load_pem_private_key(stored.read_bytes(), password=None)
        self.own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person = pool.sign_in()

    def by_pool(self, drop: str = "", **changes: Any) -> str:
        """Return other claims under the pool's own signature."""
        claims = {name: value for name, value in (self.claims | changes).items() if name != drop}
        return jwt.encode(claims, self.pool_key, algorithm="RS256", headers=self.header)

    def by_somebody(self, **header: Any) -> str:
        """Return the good claims under a signature of our own."""
        return jwt.encode(self.claims, self.own_key, algorithm="RS256", headers={**self.header, **header})

    def with_algorithm(self, algorithm: str, key: Any = None) -> str:
        return jwt.encode(self.claims, key or self.pool_key, algorithm=algorithm, headers={"kid": self.header["kid"]})

    def with_payload(self, payload: Any) -> str:
        """Return any bytes as the payload, truly signed by the pool."""
        signed = jwt.api_jws.encode(
            payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
            self.pool_key,
            algorithm="RS256",
            headers=self.header,
        )
        return str(signed)

    def unsigned(self, **header: Any) -> str:
        return f"{encoded({**self.header, **header})}.{self.payload}."

    def confused(self) -> str:
        """Return a token whose HMAC was made with the public key, which everybody has."""
        public = self.pool_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = encoded({**self.header, "alg": "HS256"})
        hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        return f"{head}.{self.payload}.{encoded(hmac.sign(f'{head}.{self.payload}'.encode(), public))}"

    def own_key_inside(self) -> str:
        return self.by_somebody(jwk=jwt.algorithms.RSAAlgorithm.to_jwk(self.own_key.public_key(), as_dict=True))

    def repeated_claim(self) -> str:
        """Return a payload that names the scope twice; parsers disagree about which one counts."""
        text = json.dumps({**self.claims, "scope": "api/admin"})
        return self.with_payload(f'{text[:-1]}, "scope": "api/nothing"}}'.encode())


FORGERIES: dict[str, Forgery] = {
    # signatures
    "alg none": lambda f: f.unsigned(alg="none"),
    "alg None in another spelling": lambda f: f.unsigned(alg="nOnE"),
    "alg empty": lambda f: f.unsigned(alg=""),
    "no alg": lambda f: f"{encoded({'kid': f.header['kid']})}.{f.payload}.{f.signature}",
    "HS256 with the public key": Forger.confused,
    "RS384 of the pool's key": lambda f: f.with_algorithm("RS384"),
    "RS512 of the pool's key": lambda f: f.with_algorithm("RS512"),
    "PS256 of the pool's key": lambda f: f.with_algorithm("PS256"),
    "ES256 of another key": lambda f: f.with_algorithm("ES256", ec.generate_private_key(ec.SECP256R1())),
    "signed by somebody": lambda f: f.by_somebody(),
    "unknown key id": lambda f: f.by_somebody(kid="mine"),
    "key id as a path": lambda f: f.by_somebody(kid="../../keys/mine"),
    "key id as SQL": lambda f: f.by_somebody(kid="' or 1=1 --"),
    "no key id": lambda f: f"{encoded({'alg': 'RS256'})}.{f.payload}.{f.signature}",
    "brings its own key": Forger.own_key_inside,
    "points to its own keys": lambda f: f.by_somebody(jku="https://keys.example.com/jwks.json"),
    "points to its own certificate": lambda f: f.by_somebody(x5u="https://keys.example.com/key.pem"),
    "unknown critical header": lambda f: f.by_somebody(crit=["exp"]),
    "tampered payload": lambda f: f"{f.head}.{encoded({**f.claims, 'scope': 'api/predict api/admin'})}.{f.signature}",
    "tampered header": lambda f: f"{encoded({**f.header, 'typ': 'x'})}.{f.payload}.{f.signature}",
    "signature of another token": lambda f: f"{f.head}.{f.payload}.{f.pool.token('api/admin').split('.')[2]}",
    "signature cut short": lambda f: f.token[:-20],
    "no signature": lambda f: f"{f.head}.{f.payload}.",
    # claims
    "expired": lambda f: f.by_pool(iat=NOW - 7200, exp=NOW - 3600),
    "expired long ago": lambda f: f.by_pool(iat=1, exp=2),
    "not valid yet": lambda f: f.by_pool(nbf=NOW + 3600),
    "issued tomorrow": lambda f: f.by_pool(iat=NOW + 86_400, exp=NOW + 90_000),
    "no end": lambda f: f.by_pool(drop="exp"),
    "end is no number": lambda f: f.by_pool(exp="tomorrow"),
    "no issuer": lambda f: f.by_pool(drop="iss"),
    "another issuer": lambda f: f.by_pool(iss=f"https://cognito-idp.eu-central-1.amazonaws.com/{f.other.id}"),
    "issuer that only begins right": lambda f: f.by_pool(iss=f"{f.claims['iss']}.example.com"),
    "another pool": lambda f: f.other.token(),
    "unknown client": lambda f: f.by_pool(client_id="nobody"),
    "no client": lambda f: f.by_pool(drop="client_id"),
    "client of another pool": lambda f: f.by_pool(client_id=f.other.client_id),
    "no use": lambda f: f.by_pool(drop="token_use"),
    "use as a list": lambda f: f.by_pool(token_use=["access"]),
    "an id token": lambda f: f.person["IdToken"],
    "an id token that claims the scope": lambda f: f.by_pool(token_use="id", aud=f.pool.client_id),
    "an access token without the scope": lambda f: f.person["AccessToken"],
    "another scope": lambda f: f.pool.token("api/admin"),
    "a longer scope": lambda f: f.by_pool(scope="api/predictions"),
    "a scope in other letters": lambda f: f.by_pool(scope="API/PREDICT"),
    "no scope": lambda f: f.by_pool(drop="scope"),
    "a claim twice": Forger.repeated_claim,
    # form
    "two parts": lambda f: f"{f.head}.{f.payload}",
    "four parts": lambda f: f"{f.token}.x",
    "five parts, as if encrypted": lambda f: f"{f.head}.a.b.c.d",
    "nothing but dots": lambda _: "..",
    "no base64": lambda _: "a.b.c",
    "payload is a list": lambda f: f.with_payload([1]),
    "payload is null": lambda f: f.with_payload(None),
    "payload is no JSON": lambda f: f.with_payload(b"\x00\xff"),
    "quoted": lambda f: f'"{f.token}"',
    "two tokens": lambda f: f"{f.token},{f.token}",
    "huge": lambda _: "a" * 8000,
    "deep": lambda f: f.with_payload(b"[" * 3000),
}
