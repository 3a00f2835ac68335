"""Flows: the steps of an endpoint for requests, responses and faults.

Sources: https://cloud.google.com/apigee/docs/api-platform/fundamentals/what-are-flows (order),
https://cloud.google.com/apigee/docs/api-platform/fundamentals/fault-handling (fault rules: those of the endpoint where
the fault arose, from the last to the first in a proxy endpoint, from the first to the last in a target endpoint; the
first one that holds is carried out)
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mldeploy_sandbox.apigee.runtime.faults import Fault

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.conditions import Condition
    from mldeploy_sandbox.apigee.runtime.context import Context

log = logging.getLogger(__name__)


class Policy(Protocol):
    """What a step carries out."""

    def run(self, context: Context) -> None:
        """Do the policy's work.

        Raises:
            Fault: the request must not go on.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A policy at its place; `tolerant` goes on after a fault (`continueOnError`)."""

    policy: Policy
    condition: Condition
    tolerant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Steps for the request and for the response."""

    condition: Condition
    request: Sequence[Step]
    response: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Steps for a fault."""

    condition: Condition
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A proxy or target endpoint; `fault_rules` in the order in which they are asked.

    - `always`: the default fault rule follows another one too (`AlwaysEnforce`).
    """

    pre: Flow
    flows: Sequence[Flow]
    post: Flow
    fault_rules: Sequence[FaultRule]
    default_rule: FaultRule | None
    always: bool


def run(steps: Sequence[Step], context: Context) -> None:
    """Carry out steps; an answer that a policy gives ends them.

    Raises:
        Fault: of a policy.
    """
    for step in steps:
        if context.answered:
            return
        if step.condition(context):
            try:
                step.policy.run(context)
            except Fault:
                if not step.tolerant:
                    raise


def run_request(endpoint: Endpoint, context: Context) -> None:
    """Carry out the request's steps of PreFlow, the flow that holds, and PostFlow."""
    run(endpoint.pre.request, context)
    flow = _chosen(endpoint, context)
    if flow is not None:
        run(flow.request, context)
    run(endpoint.post.request, context)


def run_response(endpoint: Endpoint, context: Context) -> None:
    """Carry out the response's steps."""
    run(endpoint.pre.response, context)
    flow = _chosen(endpoint, context)
    if flow is not None:
        run(flow.response, context)
    run(endpoint.post.response, context)


def _chosen(endpoint: Endpoint, context: Context) -> Flow | None:
    return None if context.answered else next((flow for flow in endpoint.flows if flow.condition(context)), None)


def handle(endpoint: Endpoint, fault: Fault, context: Context) -> None:
    """Put a fault in the place of the response and carry out the rules; a fault of a rule is the answer as it is."""
    context.begin_error(fault)
    log.info("%s: %s: %s", context.place.base_path, fault.code, fault)
    chosen = next((rule for rule in endpoint.fault_rules if rule.condition(context)), None)
    default = endpoint.default_rule
    try:
        if chosen is not None:
            run(chosen.steps, context)
        if default is not None and (chosen is None or endpoint.always) and default.condition(context):
            run(default.steps, context)
    except Fault as second:
        context.begin_error(second)
