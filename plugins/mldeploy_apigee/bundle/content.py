"""All files of a bundle but its manifest, as data: the two endpoints, and every policy that they use."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy.model import JSON
from mldeploy_apigee.bundle.archive import POLICIES
from mldeploy_apigee.bundle.flows import Use
from mldeploy_apigee.bundle.proxy import ProxyEndpoint
from mldeploy_apigee.bundle.target import TargetEndpoint


def bundle_trees(proxy: ProxyEndpoint, target: TargetEndpoint) -> dict[str, JSON]:
    """Return file name → XML document as data."""
    policies = {f"{POLICIES}{use.name}.xml": use.policy for use in _uses(proxy, target)}
    return {
        "apiproxy/proxies/default.xml": proxy.tree(),
        "apiproxy/targets/default.xml": target.tree(),
        **dict(sorted(policies.items())),
    }


def _uses(proxy: ProxyEndpoint, target: TargetEndpoint) -> Iterator[Use]:
    flows = [proxy.pre_flow(), *proxy.flows(), proxy.post_flow(), target.pre_flow(), target.post_flow()]
    for flow in flows:
        yield from (*flow.request, *flow.response)
    for rule in (*proxy.rules(), *target.rules()):
        yield from rule.uses
    if proxy.log:
        yield Use(policy=proxy.log)
