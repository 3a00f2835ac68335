"""The table of a plan that says how data is encrypted."""

from __future__ import annotations

from typing import Any

import pytest

from mldeploy import Phase, Step
from mldeploy.encryption import encryption_json
from mldeploy_aws.encryption import protections


def step(kind: str, **spec: Any) -> Step:
    return Step(kind=kind, name="x", phase=Phase.PROVISION, spec=spec)


@pytest.mark.req("X5")
def test_a_cache_without_tls_stands_first_and_is_marked():
    bare = step("AWS::ElastiCache::ReplicationGroup", AtRestEncryptionEnabled=True, TransitEncryptionEnabled=False)
    rows = encryption_json(protections([step("AWS::S3::Bucket"), bare, step("AWS::IAM::Role")]))
    assert [(row["step"], row["weak"]) for row in rows] == [(bare.id, True), ("AWS::S3::Bucket/x", False)]
    assert rows[0]["in_transit"] == "none"


@pytest.mark.req("X5")
def test_a_key_of_the_customer_is_named():
    (row,) = protections([step("AWS::SageMaker::EndpointConfig", KmsKeyId="alias/models")])
    assert row.at_rest == "KMS key alias/models"
