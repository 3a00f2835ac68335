"""Where no terminal answers, a question without a default is an error that names its flag."""

from __future__ import annotations

import pytest

from mldeploy.errors import UsageError
from mldeploy.scaffold.interview import Interview, from_text
from mldeploy.scaffold.questions import Question, Questionnaire


def question(key: str, kind: str = "string", *, required: bool = False) -> Question:
    return Question(key=key, text=f"{key}?", kind=kind, choices=(), default=None, by_environment={}, required=required)


def test_missing_answers_without_defaults_are_listed_together():
    questionnaire = Questionnaire("sagemaker")
    questionnaire.questions = (
        question("cluster.name", required=True),
        question("team"),
        question("size", required=True),
    )
    with pytest.raises(UsageError, match="--cluster-name, --size"):
        Interview(questionnaire=questionnaire, environment="local", given={}, ask=False).run()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("integer", "five", "five"),
        ("number", "0.5", 0.5),
        ("number", "600", 600),
        ("boolean", "Yes", True),
        ("boolean", "n", False),
        ("boolean", "maybe", "maybe"),
        ("string", "5", "5"),
    ],
)
def test_typed_answers_get_the_type_that_the_schema_wants(kind, text, value):
    found = from_text(question("x", kind), text)
    assert found == value
    assert type(found) is type(value)
