"""Whether the resource policy of an API lets a request in, by where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy_sandbox.apigateway.refusals import Kind, Refusal

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.exchange import Exchange
    from mldeploy_sandbox.apigateway.resource_policy import ResourcePolicy

SHOWN_DIGITS = 4
"""So much of an account's number is told to callers."""


def check_policy(policy: ResourcePolicy, exchange: Exchange) -> None:
    """Let a request pass that a statement allows and none denies.

    Raises:
        Refusal: ACCESS_DENIED.
    """
    stage = exchange.stage
    path = f"{stage.api_id}/{stage.name}/{exchange.http_method}{exchange.path}"
    resource = f"arn:aws:execute-api:{stage.region}:{stage.account_id}:{path}"
    decision = policy.decision(resource, exchange.source_ip)
    if decision == "allow":
        return
    shown = resource.replace(stage.account_id, f"{'*' * 8}{stage.account_id[-SHOWN_DIGITS:]}")
    message = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {shown}"
    raise Refusal(Kind.ACCESS_DENIED, f"{message} with an explicit deny" if decision else message)
