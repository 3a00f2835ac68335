"""What the AWS plugins say their steps cost."""

from __future__ import annotations

from typing import Any

import pytest

from mldeploy import Phase, Step
from mldeploy_aws.costs import usage_costs
from mldeploy_sagemaker.costs import instance_costs


def step(kind: str, **spec: Any) -> Step:
    return Step(kind=kind, name=kind.rpartition(":")[2], phase=Phase.PROVISION, spec=spec)


def endpoint(kind: str = "ml.m5.xlarge", count: int = 2) -> Step:
    variant = {"VariantName": "AllTraffic", "InstanceType": kind, "InitialInstanceCount": count}
    return step("AWS::SageMaker::EndpointConfig", ProductionVariants=[variant])


@pytest.mark.req("C6")
def test_two_instances_around_the_clock():
    (line,) = instance_costs([endpoint()], "us-east-1")
    assert (round(line.dollars or 0, 2), line.estimated) == (335.8, False)
    assert line.basis == "2 x ml.m5.xlarge, 730 h at $0.23"


@pytest.mark.req("C8")
def test_autoscaling_is_counted_at_its_smallest():
    target = step("AWS::ApplicationAutoScaling::ScalableTarget", MinCapacity=1, MaxCapacity=9)
    (line,) = instance_costs([endpoint(count=3), target], "us-east-1")
    assert line.basis.startswith("1 x ml.m5.xlarge")


def test_a_type_without_a_published_price_is_unknown():
    (line,) = instance_costs([endpoint("ml.m5.xlarge")], "no-where-1")
    assert line.dollars is None


@pytest.mark.req("C2", "C3", "C4")
def test_the_rest_of_the_bill():
    found = usage_costs(
        [
            step("AWS::Lambda::Function", MemorySize=512),
            step("AWS::ApiGateway::RestApi"),
            step("AWS::ElastiCache::ReplicationGroup", Engine="valkey", CacheNodeType="cache.t4g.micro"),
            step("AWS::EC2::VPCEndpoint", SubnetIds=["subnet-a", "subnet-b"]),
            step("AWS::IAM::Role"),
        ],
        "us-east-1",
    )
    lines = {line.item: line for line in found}
    assert set(lines) == {"function calls", "API requests", "cache nodes", "interface endpoints"}
    assert "512 MB" in lines["function calls"].basis
    assert "GB-second" in lines["function calls"].basis
    assert lines["API requests"].metered
    assert round(lines["cache nodes"].dollars or 0, 2) == 9.34
    assert round(lines["interface endpoints"].dollars or 0, 2) == 14.6


def test_another_region_is_an_estimate_and_an_unlisted_node_is_unknown():
    node = step("AWS::ElastiCache::ReplicationGroup", Engine="valkey", CacheNodeType="cache.r7g.16xlarge")
    (line,) = usage_costs([node], "eu-central-1")
    assert (line.dollars, line.estimated) == (None, True)
