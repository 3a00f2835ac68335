"""What the instances behind an endpoint cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mldeploy import CostLine, Step
from mldeploy.doors import HOURS_PER_MONTH, PricedType
from mldeploy_sagemaker.prices import price_list

CONFIGURATION = "AWS::SageMaker::EndpointConfig"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
BY_USE = "by the second while it predicts"


def instance_costs(steps: Sequence[Step], region: str) -> Iterator[CostLine]:
    """Yield a line per production variant; with autoscaling at the smallest number of instances."""
    known = price_list()
    types = {row.name: row for row in known.instance_types(region)}
    smallest = min((step.spec["MinCapacity"] for step in steps if step.kind == TARGET), default=None)
    for step in steps:
        if step.kind == CONFIGURATION:
            for variant in (*step.spec["ProductionVariants"], *step.spec.get("ShadowProductionVariants", ())):
                yield _line(variant, smallest, types, known.date)


def _line(variant: Mapping[str, object], smallest: int | None, types: Mapping[str, PricedType], day: str) -> CostLine:
    item = f"instances, {variant['VariantName']}"
    if "InstanceType" not in variant:
        return CostLine(item=item, basis=BY_USE, dollars=0.0, metered=True, day=day)
    initial = variant.get("InitialInstanceCount")
    count = smallest if smallest is not None else initial if isinstance(initial, int) else 1
    priced = types.get(str(variant["InstanceType"]))
    hourly = None if priced is None else priced.dollars_per_hour
    price = "an unknown price" if hourly is None else f"${hourly:g}"
    return CostLine(
        item=item,
        basis=f"{count} x {variant['InstanceType']}, {HOURS_PER_MONTH} h at {price}",
        dollars=None if hourly is None else count * hourly * HOURS_PER_MONTH,
        estimated=priced is not None and priced.estimated,
        day=day,
    )
