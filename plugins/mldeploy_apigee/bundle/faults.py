"""What becomes of faults: the status that API Gateway gives in the same case, and a problem as the body.

The conditions exclude each other: a proxy endpoint tries its rules from the last to the first, a target endpoint from
the first to the last (https://cloud.google.com/apigee/docs/api-platform/fundamentals/fault-handling).
"""

from __future__ import annotations

from mldeploy_apigee.bundle import access, introspection, problems
from mldeploy_apigee.bundle.flows import Rule, Use


def proxy_rules(headers: tuple[Use, ...], *, introspects: bool) -> tuple[Rule, ...]:
    """Return the rules for what happens before the service is called.

    Arguments:
        headers: put on every answer.
        introspects: whether an auth service is asked about tokens.
    """
    token = (f"jwt.{access.TOKEN}.failed = true", problems.UNAUTHORIZED)
    found = {
        "token": (introspection.FAILED, problems.UNCHECKED) if introspects else token,
        "key": (f"oauthV2.{access.KEY}.failed = true", problems.FORBIDDEN),
        "threat": (f"jsonattack.{access.BODY}.failed = true", problems.THREAT),
        "too-many": (_named("SpikeArrestViolation", "QuotaViolation"), problems.TOO_MANY),
        "too-large": (_named("TooBigBody", "TooBigHeaders"), problems.TOO_LARGE),
    }
    return (*_answering(found, headers), *_rest(headers))


def target_rules(headers: tuple[Use, ...]) -> tuple[Rule, ...]:
    """Return the rules for a service that cannot be reached or does not answer."""
    down = ("ServiceUnavailable", "NoActiveTargets", "UnexpectedEOFAtTarget", "SslHandshakeFailed")
    found = {
        "timeout": (_named("GatewayTimeout"), problems.TIMED_OUT),
        "unavailable": (_named(*down), problems.UNAVAILABLE),
    }
    return (*_answering(found, headers), *_rest(headers))


def _answering(found: dict[str, tuple[str, problems.Problem]], headers: tuple[Use, ...]) -> list[Rule]:
    return [
        Rule(name=name, condition=condition, uses=(Use(policy=problems.answer(problem)), *headers))
        for name, (condition, problem) in found.items()
    ]


def _rest(headers: tuple[Use, ...]) -> tuple[Rule, Rule]:
    """Return the rules for our own refusals, which carry their answer already, and for everything else."""
    failed = Use(policy=problems.answer(problems.FAILED))
    return (
        Rule(name="refused", condition=_named("RaiseFault"), uses=headers),
        Rule(name="other", condition="", uses=(failed, *headers)),
    )


def _named(*faults: str) -> str:
    return f'fault.name ~~ "({"|".join(faults)})"'
