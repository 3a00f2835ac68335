"""The fidelity table: every call of our plugins is answered, every rule is about calls that exist and has a source."""

from __future__ import annotations

import sys
from pathlib import Path

import botocore.session
import pytest

from mldeploy_sandbox.fidelity import Answerer, fidelity
from mldeploy_sandbox.rules import declare, declared_rules

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def called() -> set[tuple[str, str]]:
    sys.path.insert(0, str(DOCS))
    try:
        from generators.sandbox_fidelity import called_operations
    finally:
        sys.path.remove(str(DOCS))
    return called_operations()


def test_every_call_of_our_plugins_is_answered(called):
    assert {("sagemaker", "CreateEndpoint"), ("lambda", "CreateFunction"), ("s3", "PutObject")} <= called
    assert [found for found in fidelity(called) if found.answerer is Answerer.NOBODY] == []


def test_who_answers_is_found_in_the_code():
    asked = [("sagemaker", "CreateEndpoint"), ("iam", "CreateRole"), ("sagemaker", "CreateInferenceComponent")]
    found = {row.operation: row for row in fidelity(asked)}
    assert found["CreateEndpoint"].answerer is Answerer.SANDBOX
    assert found["CreateRole"].answerer is Answerer.MOTO
    assert [rule.id for rule in found["CreateRole"].rules] == ["iam-trust-policy"]
    assert found["CreateInferenceComponent"].answerer is Answerer.NOBODY


def test_rules_are_about_calls_that_exist_and_have_sources():
    fidelity([])  # loads every plane
    session = botocore.session.get_session()
    for rule in declared_rules():
        assert "https://" in rule.source, rule
        for name in rule.operations:
            service, _, operation = name.partition(":")
            assert operation in session.get_service_model(service).operation_names, rule


def test_a_rule_is_declared_once():
    with pytest.raises(ValueError, match="two sandbox rules are called iam-trust-policy"):
        declare("iam-trust-policy", "iam:CreateRole", says="Again.", source="https://example.com")
