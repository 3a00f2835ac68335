"""The claims of a token: what a policy asks of them, and the variables that they become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigee.policies.settings import Setting

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.policies.jwt_signatures import Token
    from mldeploy_sandbox.apigee.runtime.context import Context

NAMES = {
    "audience": "aud",
    "expiry": "exp",
    "id": "jti",
    "issuedat": "iat",
    "issuer": "iss",
    "notbefore": "nbf",
    "subject": "sub",
}
"""Variable → registered claim (https://www.rfc-editor.org/rfc/rfc7519#section-4.1)."""

TIMES = ("expiry", "issuedat", "notbefore")


class JwtError(Exception):
    """A token is not good; `name` is the last part of Apigee's code."""

    def __init__(self, *, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """A claim that must have a value; of a list one of them, with commas between the values that will do."""

    claim: str
    wanted: Setting
    error: str
    is_list: bool

    def check(self, claims: Mapping[str, Any], context: Context) -> None:
        """Compare.

        Raises:
            JwtError: the claim is missing or another.
        """
        wanted, found = self.wanted.read(context), claims.get(self.claim)
        if found is None:
            raise JwtError(name=self.error, text=f"Claim {self.claim} is missing")
        if not wanted:
            return  # it has to be there, no matter what it is
        if self.is_list:
            values = set(map(_text, found)) if isinstance(found, list) else {_text(found)}
            good = bool(values & {item.strip() for item in wanted.split(",")})
        else:
            good = _text(found) == wanted
        if not good:
            raise JwtError(name=self.error, text=f"Claim {self.claim} does not match")


def read_time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a time in seconds since 1970.

    Raises:
        JwtError: FailedToDecode: it is none.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JwtError(name="FailedToDecode", text="Failed to Decode Token")
    return float(value)


def note(policy: str, token: Token, context: Context) -> None:
    """Set the variables of a good token."""
    prefix = f"jwt.{policy}"
    context.write(f"{prefix}.valid", "true")
    context.write(f"{prefix}.failed", "false")
    for variable, claim in NAMES.items():
        if claim in token.claims:
            value = token.claims[claim]
            context.write(f"{prefix}.claim.{variable}", str(int(value * 1000)) if variable in TIMES else _text(value))
    for part, values in (("claim", token.claims), ("header", token.header)):
        for name, value in values.items():
            context.write(f"{prefix}.decoded.{part}.{name}", _text(value))
            if part == "header" or name not in {*NAMES, *NAMES.values()}:  # a claim `expiry` is not the expiry
                context.write(f"{prefix}.{part}.{name}", _text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
