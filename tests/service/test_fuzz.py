"""Generated requests: a good one is answered, any other is refused, as the service's own OpenAPI document says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.installation import uv
from tests.service.poison import models
from tests.service.running import Running, running

SCHEMATHESIS = "schemathesis>=4.3,<5"
TYPE = {"Content-Type": "application/json"}
NUMBERS = some.floats() | some.integers() | some.sampled_from([-0.0, 5e-324, 1.8e308, 10**400, True])
LEAVES = some.none() | some.booleans() | some.text(max_size=6) | NUMBERS
ANYTHING = some.recursive(
    LEAVES,
    lambda deeper: some.lists(deeper, max_size=4) | some.dictionaries(some.text(max_size=4), deeper, max_size=3),
    max_leaves=10,
)
NEARLY = some.fixed_dictionaries(
    {"instances": some.lists(some.lists(NUMBERS | LEAVES, min_size=1, max_size=3), max_size=4)},
    optional={"other": LEAVES},
)
"""Documents that often are right, and differ from it by little when they are not."""


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("fuzzed"), models.NUMBERS) as service:
        yield service
        assert not any("Traceback" in line for line in service.output)


@pytest.fixture(scope="module")
def contract(numbers: Running) -> jsonschema.Draft202012Validator:
    """What the service publishes about the body of /invocations."""
    document = json.loads(numbers.ask("/openapi.json").body)
    body = document["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**document, **body})


@pytest.mark.req("2.5", "2.10")
@pytest.mark.parametrize("examples", [200, pytest.param(20_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)])])
def test_a_json_document_is_accepted_exactly_when_the_contract_says_so(
    examples: int, numbers: Running, contract: jsonschema.Draft202012Validator
):
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(NEARLY | ANYTHING)
    def check(document: Any) -> None:
        reply = numbers.ask("/invocations", json.dumps(document).encode(), TYPE)
        if reply.status == 200:
            assert contract.is_valid(document)
            assert len(json.loads(reply.body)["predictions"]) == len(instances(document))
        else:
            assert 400 <= reply.status < 500
            assert reply.headers["content-type"] == "application/problem+json"
            assert not contract.is_valid(document) or not finite(document)

    check()


@pytest.mark.parametrize("examples", [200, pytest.param(50_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)])])
def test_any_bytes_are_answered_without_a_failure(examples: int, numbers: Running):
    kinds = some.sampled_from(["application/json", "text/csv", "application/x-npy", "application/jsonlines", "x/y"])

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(some.binary(max_size=200), kinds)
    def check(body: bytes, kind: str) -> None:
        assert numbers.ask("/predict", body, {"Content-Type": kind}).status in {200, 400, 413, 415, 422}

    check()


def instances(document: Any) -> list[Any]:
    """Return the instances of a good document: a list of them, or an object that holds it."""
    return document if isinstance(document, list) else document["instances"]


def finite(document: Any) -> bool:
    """Return whether all numbers fit into a double; JSON Schema has no word for it."""
    try:
        return all(abs(float(value)) < float("inf") for row in instances(document) for value in row)
    except OverflowError:
        return False


@pytest.mark.full
@pytest.mark.timeout(2400)
def test_schemathesis_finds_nothing(numbers: Running, tmp_path: Path):
    if not uv():
        pytest.skip("uv runs schemathesis in an environment of its own, and uv is not installed")
    command = [str(uv()), "tool", "run", "--from", SCHEMATHESIS, "schemathesis", "run", "--no-color"]
    options = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "500", "--seed", "7"]
    # JSON Schema cannot say which text is good CSV; for JSON the test above asks the same question
    options += ["--exclude-checks", "positive_data_acceptance"]
    done = subprocess.run(
        [*command, *options, f"{numbers.service.url}/openapi.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
