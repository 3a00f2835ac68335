"""Each broken service breaks exactly the rules that it should, and the verdict says what is wrong."""

from __future__ import annotations

import shlex
import sys
from concurrent.futures import Future

import pytest

from mldeploy_contract.examination import Examination
from mldeploy_contract.rules import all_rules
from tests.contract_run.conftest import service

BROKEN = {
    "refuses_serve": {"SM001": "without an argument it becomes healthy"},
    "ends_at_once": {"SM002": "ValueError: the model is not of this version"},
    "wrong_port": {"SM003": "it listens on "},
    "ping_500": {"SM004": "a ping got: 500"},
    "ping_redirects": {"SM004": "a ping got: 307 to /healthy"},
    "ping_breaks_off": {"SM004": "a ping got: the connection was closed without an answer"},
    "ping_late": {"SM005": "after 1 s had passed"},
    "slow_start": {"SM006": "of 2 s"},
    "loads_for_ever": {"SM006": "the last ping got: 503"},
    "hangs": {"SM201": "no answer within 3 s", "SM502": "had to be killed"},
    "wrong_media_type": {"SM202": "it says text/html, and the body is JSON"},
    "fails_under_load": {"SM203": "times 500"},
    "trips_over_headers": {"SM204": "500 with added headers, 200 without"},
    "fails_on_media_type": {"SM205": "application/x-unknown: 500"},
    "dies_of_hang_ups": {"SM103": "the process ended with exit code 1"},
    "ping_predicts": {"SM101": "no answer within 1 s"},
    "one_at_a_time": {"SM101": "no answer within 1 s", "SM501": "were not answered"},
    "fails_on_malformed": {"SM301": "cut off: 500", "SM302": "0 bytes: 500"},
    "dies_of_large_body": {"SM302": "the process ended with exit code 137"},
    "takes_anything": {"SM303": "6,291,457 bytes: 200"},
    "writes_model_folder": {"SM401": "it wrote cache.bin"},
    "needs_writable_model": {"SM401": "it wrote cache.bin"},
    "leaks": {"SM402": "KiB per request"},
    "drops_requests": {"SM501": "were not answered"},
    "ignores_term": {"SM502": "had to be killed"},
    "leaves_children": {"SM503": "still listens on port"},
    "leaves_a_daemon": {"SM503": "still listens on port"},
}
"""Service → the rules that it breaks → a part of the evidence."""
SLOW = ("slow_start", "ping_predicts", "one_at_a_time", "ping_late")
"""Started first, so that nobody waits for them in the end."""
CHANGED_LIMITS = {"slow_start": {"startup": 2.0}, "loads_for_ever": {"startup": 1.5}}


@pytest.fixture(scope="module")
def examinations(at_once) -> dict[str, Future[Examination]]:
    names = sorted(("good", *BROKEN), key=lambda name: name not in SLOW)
    return at_once({name: CHANGED_LIMITS.get(name, {}) for name in names})


@pytest.mark.req("1.3", "2.3", "2.4")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_service_breaks_exactly_its_rules(name: str, examinations: dict[str, Future[Examination]]) -> None:
    broken = {verdict.rule.id: verdict.evidence for verdict in examinations[name].result().broken}
    assert broken.keys() == BROKEN[name].keys(), broken
    for rule, part in BROKEN[name].items():
        assert part in broken[rule]


def test_a_good_service_keeps_every_rule(examinations: dict[str, Future[Examination]]) -> None:
    verdicts = examinations["good"].result().verdicts
    assert {verdict.rule.id: verdict.evidence for verdict in verdicts if verdict.state != "pass"} == {}


def test_every_rule_is_broken_by_some_service(examinations: dict[str, Future[Examination]]) -> None:
    rules = {verdict.rule.id for verdict in examinations["good"].result().verdicts}
    assert rules - {rule for broken in BROKEN.values() for rule in broken} == {"SM102"}


def test_connections_that_wait_for_a_place_are_noticed(examined) -> None:
    """The times depend on the kernel: a connection for which there is no place is tried again after a second."""
    others = {rule.id for rule in all_rules()} - {"SM102"}
    (verdict,) = examined("accepts_late", ignored=others, ping=10.0, invocation=10.0).verdicts
    assert verdict.state == "fail"
    assert "250 ms are allowed" in verdict.evidence


def test_after_a_crash_the_other_rules_are_judged_on_a_new_process(
    examinations: dict[str, Future[Examination]],
) -> None:
    after = {verdict.rule.id: verdict.state for verdict in examinations["dies_of_large_body"].result().verdicts}
    assert (after["SM303"], after["SM501"], after["SM503"]) == ("pass", "pass", "pass")


def test_what_cannot_be_judged_is_no_verdict(examinations: dict[str, Future[Examination]]) -> None:
    states = {verdict.rule.id: verdict.state for verdict in examinations["ends_at_once"].result().verdicts}
    assert {state for rule, state in states.items() if rule != "SM002"} == {"skip"}


def test_a_server_behind_a_shell_gets_no_term(examined_command) -> None:
    """As in an image whose ENTRYPOINT has the shell form: TERM reaches the shell, and the server never."""
    script = f"trap '' TERM; {shlex.join([sys.executable, str(service('good'))])} serve; true"
    verdicts = examined_command(["sh", "-c", script]).verdicts
    assert {verdict.rule.id for verdict in verdicts if verdict.state == "fail"} == {"SM502"}
