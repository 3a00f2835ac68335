"""VerifyJWT: a signed token, its issuer, audience, times and claims.

Sources: https://cloud.google.com/apigee/docs/api-platform/reference/policies/verify-jwt-policy (settings, variables),
https://cloud.google.com/apigee/docs/api-platform/reference/policies/error-code-reference#jwt (codes, all with 401).
As there: a token without `exp` does not end, and only claims that the policy names are checked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true, text
from mldeploy_sandbox.apigee.policies.jwt_claims import ClaimRule, JwtError, note, read_time
from mldeploy_sandbox.apigee.policies.jwt_signatures import Token, check_signature, decode
from mldeploy_sandbox.apigee.policies.settings import PolicyError, Setting, setting
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.key_sets import KeySetError, read_keys
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
DURATION = re.compile(r"(\d+)(ms|s|m|h|d)?")
UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
DEFAULT_SOURCE = "request.header.authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyJwt:
    """Checks a token with public keys."""

    SHAPE: ClassVar[Shape] = policy(
        Algorithm=TEXT,
        Source=TEXT,
        PublicKey=shape(JWKS=shape("uri uriRef ref")),
        Issuer=REFERENCE,
        Audience=REFERENCE,
        Subject=REFERENCE,
        AdditionalClaims=shape(Claim=shape("name ref type array")),
        TimeAllowance=TEXT,
        KnownHeaders=TEXT,
        IgnoreCriticalHeaders=TEXT,
        IgnoreIssuedAt=TEXT,
        IgnoreUnresolvedVariables=TEXT,
    )
    name: str
    algorithms: Sequence[str]
    source: str
    keys: Setting
    key_address: Setting
    rules: Sequence[ClaimRule]
    allowance_seconds: float
    checks_issued_at: bool
    known_headers: frozenset[str]
    ignores_critical: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> VerifyJwt:
        """Read the policy.

        Raises:
            PolicyError: an unknown algorithm or time.
        """
        algorithms = [item.strip() for item in text(document, "Algorithm").split(",")]
        for algorithm in algorithms:
            if algorithm not in ALGORITHMS:
                message = f"InvalidValueForElement: Algorithm '{algorithm}': the stand-in has {', '.join(ALGORITHMS)}"
                raise PolicyError(message)
        allowance = DURATION.fullmatch(text(document, "TimeAllowance", "0s"))
        if allowance is None:
            message = f"TimeAllowance is '{text(document, 'TimeAllowance')}': use a number with s, m, h or d"
            raise PolicyError(message)
        return cls(
            name=name,
            algorithms=algorithms,
            source=text(document, "Source"),
            keys=setting(document, "PublicKey/JWKS"),
            key_address=setting(document, "PublicKey/JWKS", reference="uriRef", attribute="uri"),
            rules=[*_registered(document), *_additional(document)],
            allowance_seconds=int(allowance[1]) * UNIT_SECONDS[allowance[2] or "s"],
            checks_issued_at=not is_true(document, "IgnoreIssuedAt"),
            known_headers=frozenset(item.strip() for item in text(document, "KnownHeaders").split(",") if item.strip()),
            ignores_critical=is_true(document, "IgnoreCriticalHeaders"),
        )

    def run(self, context: Context) -> None:
        """Check the token and set the variables of its claims.

        Raises:
            Fault: it is not good.
        """
        try:
            token = decode(self._text(context))
            self._check_header(token)
            check_signature(token, self._public_keys(context), self.algorithms)
            self._check_times(token.claims, context)
            for rule in self.rules:
                rule.check(token.claims, context)
        except JwtError as error:
            context.write(f"jwt.{self.name}.failed", "true")
            context.write(f"jwt.{self.name}.valid", "false")
            context.write(f"jwt.{self.name}.error", str(error))
            raise Fault(401, f"steps.jwt.{error.name}", f"{error}: policy({self.name})") from error
        note(self.name, token, context)

    def _text(self, context: Context) -> str:
        value = context.read(self.source or DEFAULT_SOURCE)
        if not value:
            raise JwtError(
                name="FailedToResolveVariable", text=f"Failed to resolve variable {self.source or DEFAULT_SOURCE}"
            )
        if self.source:
            return value
        scheme, _, token = value.partition(" ")
        if scheme.lower() != "bearer":
            raise JwtError(name="FailedToDecode", text="Failed to Decode Token")
        return token.strip()

    def _check_header(self, token: Token) -> None:
        algorithm = token.header.get("alg")
        if not algorithm:
            raise JwtError(name="NoAlgorithmFoundInHeader", text="Algorithm not found in header")
        if algorithm not in self.algorithms:
            several = len(self.algorithms) > 1
            name = "AlgorithmInTokenNotPresentInConfiguration" if several else "AlgorithmMismatch"
            raise JwtError(name=name, text="Algorithm mismatch")
        critical = token.header.get("crit", [])
        critical = critical if isinstance(critical, list) else [critical]
        if not self.ignores_critical and not set(map(str, critical)) <= self.known_headers:
            raise JwtError(name="UnhandledCriticalHeader", text="Unhandled critical header")

    def _public_keys(self, context: Context) -> dict[str, Any]:
        address, inline = self.key_address.read(context), self.keys.read(context)
        try:
            return context.services.key_sets.keys(address) if address else read_keys(inline)
        except KeySetError as error:
            raise JwtError(name="UnknownException", text=f"The keys cannot be had: {error}") from error

    def _check_times(self, claims: dict[str, Any], context: Context) -> None:
        now, allowance = context.services.clock.time(), self.allowance_seconds
        ends, begins, issued = (read_time(claims, name) for name in ("exp", "nbf", "iat"))
        if ends is not None and ends + allowance <= now:
            raise JwtError(name="TokenExpired", text="Token has expired")
        if begins is not None and begins - allowance > now:
            raise JwtError(name="TokenNotYetValid", text="Token is not yet valid")
        if self.checks_issued_at and issued is not None and issued - allowance > now:
            raise JwtError(name="TokenNotYetValid", text="Token was issued in the future")


def _registered(document: Element) -> list[ClaimRule]:
    elements = {
        "Issuer": ("iss", "JwtIssuerMismatch"),
        "Audience": ("aud", "JwtAudienceMismatch"),
        "Subject": ("sub", "JwtSubjectMismatch"),
    }
    return [
        ClaimRule(claim=claim, wanted=setting(document, element), error=error, is_list=element == "Audience")
        for element, (claim, error) in elements.items()
        if document.find(element) is not None
    ]


def _additional(document: Element) -> list[ClaimRule]:
    return [
        ClaimRule(
            claim=item.get("name", ""),
            wanted=Setting(value=(item.text or "").strip(), variable=item.get("ref", "")),
            error="InvalidClaim",
            is_list=item.get("array", "false") == "true",
        )
        for item in document.findall("AdditionalClaims/Claim")
    ]
