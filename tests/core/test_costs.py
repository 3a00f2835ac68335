"""The monthly bill of a plan, on a toy world whose things cost what their spec says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mldeploy.costs import CostLine, cost_text
from mldeploy.model import Step
from mldeploy.planning.plan_file import plan_document
from mldeploy.planning.plan_markdown import plan_markdown
from mldeploy.planning.plan_text import costs_text
from mldeploy.running_cost import running_cost
from tests.core.toy import Toy, thing


def price(steps: Sequence[Step]) -> list[CostLine]:
    """One line per step; a step without a price has an unknown one."""
    return [
        CostLine(
            item=step.name,
            basis=f"{step.spec.get('size', 1)} x toy",
            dollars=step.spec.get("dollars"),
            metered=step.spec.get("metered", False),
            estimated=step.spec.get("estimated", False),
            day="2026-01-02",
        )
        for step in steps
    ]


def costing(name: str, dollars: float | None, **spec: Any) -> Step:
    return thing(name, spec={"dollars": dollars, **spec})


def cost(toy: Toy, *steps: Step) -> dict[str, Any]:
    deployment = toy.deployment(*steps)
    deployment.price = price
    return running_cost(deployment.plan(), deployment)


@pytest.mark.req("C1")
def test_a_first_deployment_costs_all_of_it(toy: Toy):
    found = cost(toy, costing("a", 100), costing("b", 46.004))
    assert (found["before"], found["after"], found["delta"]) == (0.0, 146.0, 146.0)
    assert cost_text(found) == "+146.00 USD per month, prices of 2026-01-02"


def test_a_change_costs_the_difference_line_by_line(toy: Toy):
    toy.run(costing("a", 100), costing("old", 7))
    found = cost(toy, costing("a", 150), costing("new", 1))
    lines = {line["item"]: (line["before"], line["after"]) for line in found["lines"]}
    assert lines == {"a": (100, 150), "old": (7, 0), "new": (0, 1)}
    assert found["delta"] == 44.0


def test_an_unchanged_release_says_that_nothing_changes(toy: Toy):
    toy.run(costing("a", 100))
    assert cost_text(cost(toy, costing("a", 100))) == "monthly cost unchanged, prices of 2026-01-02"


@pytest.mark.req("C7")
def test_an_unknown_price_is_shown_as_unknown_and_is_in_no_sum(toy: Toy):
    found = cost(toy, costing("a", 100), costing("b", None))
    assert (found["after"], found["unknown"]) == (100, 1)
    assert "1 of unknown price" in cost_text(found)
    assert "b" in costs_text(found)
    assert "unknown" in costs_text(found)


def test_what_is_billed_by_use_says_what_the_use_costs(toy: Toy):
    found = cost(toy, costing("calls", 0, metered=True), costing("about", 5, estimated=True))
    assert "by use" in costs_text(found)
    assert "~$5.00" in costs_text(found)


def test_what_runs_now_is_unknown_without_a_record_of_it(toy: Toy):
    toy.run(costing("a", 100))
    for record in toy.store.records():
        toy.store.forget(record.number)
    found = cost(toy, costing("a", 100))
    assert (found["before"], found["delta"]) == (None, None)
    assert "before unknown" in cost_text(found)


def test_this_machine_bills_nothing(toy: Toy):
    deployment = toy.deployment(costing("a", 100))
    deployment.context.env, deployment.price = "local", price
    found = running_cost(deployment.plan(), deployment)
    assert (found["after"], found["lines"]) == (0.0, [])
    assert costs_text(found) == ""


def test_a_review_shows_the_bill(toy: Toy):
    deployment = toy.deployment(costing("a", 100, size=2))
    deployment.price = price
    text = plan_markdown(plan_document(deployment.plan(), deployment))
    assert "| a | 2 x toy | - | $100.00 |" in text
