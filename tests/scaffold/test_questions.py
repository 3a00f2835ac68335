"""What is asked comes from the schemas; prices and exceptions come from the compute plugin."""

from __future__ import annotations

import pytest

from mldeploy.errors import UsageError
from mldeploy.scaffold.name import check_name, suggested_name
from mldeploy.scaffold.questions import Questionnaire, dotted_answers, nested

QUESTIONNAIRE = Questionnaire("sagemaker")
BY_KEY = {question.key: question for question in QUESTIONNAIRE.questions}


def test_everything_the_brief_asks_for_is_a_question():
    assert set(BY_KEY) >= {
        "instance.region",
        "instance.type",
        "instance.count",
        "instance.volumeSizeInGB",
        "autoscaling.enabled",
        "autoscaling.minInstances",
        "autoscaling.maxInstances",
        "autoscaling.targetInvocationsPerInstancePerMinute",
        "cache.enabled",
        "cache.ttl",
        "team",
    }


def test_the_region_is_asked_before_the_types_whose_prices_depend_on_it():
    keys = list(BY_KEY)
    assert keys.index("instance.region") < keys.index("instance.type")


@pytest.mark.req("3.3")
def test_production_starts_with_two_instances():
    assert BY_KEY["instance.count"].default_for("prod") == 2
    assert BY_KEY["instance.count"].default_for("dev") == 1


def test_flags_are_the_keys():
    assert BY_KEY["instance.volumeSizeInGB"].flag == "--instance-volume-size-in-gb"
    assert BY_KEY["cache.enabled"].flag == "--cache"
    assert BY_KEY["team"].flag == "--team"


@pytest.mark.req("3.2")
def test_a_type_that_cannot_host_is_refused_with_the_nearest_name():
    problem = QUESTIONNAIRE.problems("instance.type", "ml.m5.xlarg")[0]
    assert "did you mean 'ml.m5.xlarge'?" in problem.hint
    assert QUESTIONNAIRE.problems("instance.type", "ml.t3.medium")


@pytest.mark.req("3.8")
@pytest.mark.parametrize(
    "name", ["ml.g4dn.xlarge", "ml.g5.2xlarge", "ml.m5d.large", "ml.p4d.24xlarge", "ml.trn1.2xlarge"]
)
def test_types_with_local_storage_take_no_volume(name):
    assert "NVMe" in QUESTIONNAIRE.inapplicable({"instance.type": name})["instance.volumeSizeInGB"]


def test_burstable_types_do_not_scale():
    assert "cannot scale" in QUESTIONNAIRE.inapplicable({"instance.type": "ml.t2.medium"})["autoscaling.enabled"]
    assert QUESTIONNAIRE.inapplicable({"instance.type": "ml.m5.large"}) == {}


@pytest.mark.req("3.6")
def test_prices_differ_by_region_and_unknown_ones_say_so():
    def price(name, region):
        return next(str(price) for row, price in QUESTIONNAIRE.rows(region) if row.name == name)

    assert price("ml.m5.xlarge", "us-east-1") == "$168"
    assert price("ml.m5.xlarge", "eu-west-1") == "$188"
    assert price("ml.m5.xlarge", "eu-central-1").startswith("~$")
    assert price("ml.m5.xlarge", "me-south-1") == "unknown"


def test_an_unknown_compute_type_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError) as raised:
        Questionnaire("sagemakr")
    assert "'sagemaker'" in raised.value.hint


def test_answers_may_be_nested_or_dotted():
    answers = {"instance.type": "ml.m5.large", "cache.ttl": 60, "team": "x"}
    assert dotted_answers(nested(answers)) == answers


@pytest.mark.req("1.1")
@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Sentiment_Model", "sentiment-model"),
        ("SentimentModel", "sentiment-model"),
        ("my model", "my-model"),
        ("1st-model", "st-model"),
        ("a--b--c", "a-b-c"),
        ("-x-", None),
        ("über", "ber"),
        ("x" * 80, "x" * 32),
        ("demo\n", "demo"),
        ("../../etc", "etc"),
        ("", None),
    ],
)
def test_names_that_do_not_fit_are_refused_with_one_that_does(name, better):
    with pytest.raises(UsageError):
        check_name(name)
    assert suggested_name(name) == better
    if better:
        check_name(better)
