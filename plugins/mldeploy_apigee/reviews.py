"""What reviewers of a plan see of the proxy: its price, and what protects its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mldeploy import CostLine, Encryption, Step

CONTRACT = "by contract or pay-as-you-go (environments, proxy calls); Google publishes no price of one proxy"


def costs(steps: Sequence[Step]) -> Iterator[CostLine]:
    """Yield a line without a price for a proxy: what it adds to the bill depends on the organization's contract."""
    if any(step.kind == "Apigee::Deployment" for step in steps):
        yield CostLine(item="Apigee proxy", basis=CONTRACT, dollars=None)


def protections(steps: Sequence[Step]) -> Iterator[Encryption]:
    """Yield a row for what keeps the origin's key, and for both hops."""
    for step in steps:
        if step.kind == "Apigee::KeyValueMap":
            yield Encryption(
                step=step.id,
                at_rest="the organization's runtime database key (Cloud KMS)",
                in_transit="TLS to the management API",
            )
        elif step.kind == "Apigee::Deployment":
            yield Encryption(
                step=step.id, at_rest="nothing is stored", in_transit="TLS to the hostnames of the environment group"
            )
        elif step.kind == "Apigee::TargetServer":
            plain = step.spec["sSLInfo"]["enabled"] is False
            in_transit = "none: plain HTTP" if plain else "TLS 1.2 or newer to the origin, certificate checked"
            yield Encryption(step=step.id, at_rest="nothing is stored", in_transit=in_transit, weak=plain)
