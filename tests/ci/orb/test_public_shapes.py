"""Faults as they were found in orbs that others have published; the shapes are theirs, the orbs are made up."""

from __future__ import annotations

import pytest

HEAD = """\
version: 2.1
description: Deploys models and shows the state of every deployment in the dashboard of the vendor.
display: {source_url: "https://example.com/models"}
"""
EXECUTOR = "executors: {default: {description: d, docker: [{image: 'cimg/base:current'}]}}\n"


def orb(definitions: str, usage: str) -> str:
    return f"{HEAD}{EXECUTOR}{definitions}examples:\n  deploy:\n    description: Deploy a model.\n    usage:\n{usage}"


USAGE = """\
      version: 2.1
      orbs: {{models: org/models@1.0}}
      workflows:
        deploy:
          jobs:
            - models/create:
{arguments}
"""
CREATE = """\
jobs:
  create:
    description: Create the model.
    executor: default
    parameters:
      circle_pipeline_id: {type: string, description: d}
      circle_project_id: {type: string, description: d}
      model_name: {type: string, description: d}
      region: {type: string, default: us-east-1, description: d}
    steps:
      - run:
          name: Create << parameters.model_name >>
          environment:
            PIPELINE: << parameters.circle_pipeline_id >>
            PROJECT: << parameters.circle_project_id >>
            REGION: << parameters.region >>
          command: create
"""


def test_an_example_that_passes_unknown_parameters_and_omits_needed_ones(lint_text, schema):
    """As in an orb for SageMaker whose examples say pipeline_id for circle_pipeline_id."""
    given = (
        "                pipeline_id: << pipeline.id >>\n                project_id: x\n                model_name: m"
    )
    findings = lint_text(orb(CREATE, USAGE.format(arguments=given)), schema=schema)
    assert [finding.rule for finding in findings] == ["missing-argument", "unknown-argument", "unknown-argument"]
    assert "circle_pipeline_id, circle_project_id" in findings[0].message
    assert findings[1].hint == "did you mean 'circle_pipeline_id'?"


def test_the_same_example_with_the_right_names_is_right(lint_text, schema):
    names = {"circle_pipeline_id": "<< pipeline.id >>", "circle_project_id": "x", "model_name": "m"}
    given = "\n".join(f"                {name}: {value}" for name, value in names.items())
    assert lint_text(orb(CREATE, USAGE.format(arguments=given)), schema=schema) == []


STEPS_SLOT = """\
jobs:
  create:
    description: Create the model after any login.
    executor: default
    parameters:
      auth: {type: steps, default: [], description: d}
      checkout: {type: boolean, default: true, description: d}
      no_output_timeout: {type: string, default: 10m, description: d}
      size: {type: enum, enum: [small, large], default: small, description: d}
      rooms: {type: integer, description: d}
    resource_class: << parameters.size >>
    parallelism: << parameters.rooms >>
    steps:
      - when:
          condition: << parameters.checkout >>
          steps: [checkout]
      - steps: << parameters.auth >>
      - run:
          name: Create
          command: create
          no_output_timeout: << parameters.no_output_timeout >>
"""


def test_interpolations_in_typed_slots_are_no_faults(lint_text, schema):
    """As in official orbs, six of eight of which the schema refuses before interpolations have values."""
    assert lint_text(orb(STEPS_SLOT, USAGE.format(arguments="                rooms: 2")), schema=schema) == []


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("scan: {description: d, steps: [{save_cache: {key: k, paths: sonar}}]}", {"schema"}),
        ("scan: {description: d, steps: [{run: {name: n}}]}", {"schema"}),
        ("run: {description: d, steps: [checkout]}", {"built-in-name"}),
        ("scan: {description: d, parameters: {seconds: {type: string, default: 3600}}, steps: [checkout]}",
         {"default-type", "unused-parameter"}),
        ("scan: {description: d, parameters: {a-b: {type: string}}, steps: [greet: {name: << parameters.a-b >>}]}",
         {"RC010", "undefined-command"}),
    ],
    ids=["paths as a text", "run without command", "a command named run", "a number for a text", "a dash in a name"],
)  # fmt: skip
def test_other_shapes(command, rules, lint_text, schema):
    text = orb(f"{STEPS_SLOT}commands: {{{command}}}\n", USAGE.format(arguments="                rooms: 2"))
    assert {finding.rule for finding in lint_text(text, schema=schema)} == rules
