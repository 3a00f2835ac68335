"""The limit chain over gateways, functions and endpoints: what each hop may use and what can never be reached."""

from __future__ import annotations

import pytest

from mldeploy.limits import Chain, Hop

MB = 1024 * 1024
SIX_MB = 6_291_456
GATEWAYS = {"rest": (29, 10 * MB), "http": (30, 10 * MB), "raised": (300, 10 * MB), "apigee": (55, 30 * MB)}
ENDPOINTS = {"real-time": (60, SIX_MB), "serverless": (60, 4 * MB)}


def hop(name, depth, limits, wanted=None, path=()):
    seconds, size = limits
    return Hop(
        name=name, depth=depth, seconds=seconds, max_bytes=size, source=f"{name} docs", wanted_seconds=wanted, path=path
    )


def chain(gateway, endpoint, function=None, wanted=None):
    hops = [
        hop("endpoint", 30, ENDPOINTS[endpoint]),
        hop("gateway", 10, GATEWAYS[gateway], wanted, ("expose", "timeoutSeconds")),
    ]
    if function is not None:
        hops.append(hop("lambda", 20, (900, SIX_MB), function or None, ("cache", "timeoutSeconds")))
    return Chain.of(hops)


NO_FUNCTION = None
FUNCTION = 0
"""A function that asks for no time of its own; other numbers are the seconds that it asks for."""

BUDGET_COLUMNS = ("gateway", "endpoint", "function", "wanted", "lambda_seconds", "endpoint_seconds", "size")
BUDGETS = [
    # gateway, endpoint, function, wanted at the gateway → budget of the function, of the endpoint, largest body
    ("rest", "real-time", NO_FUNCTION, None, None, 28, SIX_MB),
    ("rest", "serverless", NO_FUNCTION, None, None, 28, 4 * MB),
    ("rest", "real-time", FUNCTION, None, 28, 27, SIX_MB),
    ("rest", "serverless", FUNCTION, None, 28, 27, 4 * MB),
    ("rest", "real-time", FUNCTION, 10, 9, 8, SIX_MB),
    ("rest", "real-time", FUNCTION, 2, 1, 1, SIX_MB),
    ("rest", "real-time", FUNCTION, 1, 1, 1, SIX_MB),
    ("rest", "real-time", 5, None, 5, 4, SIX_MB),
    ("rest", "real-time", 20, 15, 14, 13, SIX_MB),
    ("http", "real-time", NO_FUNCTION, None, None, 29, SIX_MB),
    ("http", "serverless", FUNCTION, None, 29, 28, 4 * MB),
    ("raised", "real-time", NO_FUNCTION, None, None, 60, SIX_MB),
    ("raised", "real-time", FUNCTION, None, 299, 60, SIX_MB),
    ("raised", "real-time", FUNCTION, 40, 39, 38, SIX_MB),
    ("raised", "serverless", 30, None, 30, 29, 4 * MB),
    ("apigee", "real-time", NO_FUNCTION, None, None, 54, SIX_MB),
    ("apigee", "real-time", FUNCTION, None, 54, 53, SIX_MB),
    ("apigee", "serverless", FUNCTION, 20, 19, 18, 4 * MB),
]


@pytest.mark.req("5.2", "5.7", "6.6")
@pytest.mark.parametrize(BUDGET_COLUMNS, BUDGETS)
def test_every_hop_leaves_time_for_the_ones_before_it(
    gateway, endpoint, function, wanted, lambda_seconds, endpoint_seconds, size
):
    found = chain(gateway, endpoint, function, wanted)
    assert found.budget("endpoint") == endpoint_seconds
    assert found.max_bytes == size
    if lambda_seconds is not None:
        assert found.budget("lambda") == lambda_seconds


WAITS = [
    # gateway, endpoint, function, wanted at the gateway → who cuts, the most that is possible (None: all is well)
    ("rest", "real-time", 28, None, None, None),
    ("rest", "real-time", 29, None, "gateway", 28),
    ("rest", "real-time", 900, None, "gateway", 28),
    ("rest", "real-time", 901, None, "gateway", 28),
    ("rest", "serverless", 60, None, "gateway", 28),
    ("http", "real-time", 29, None, None, None),
    ("http", "real-time", 30, None, "gateway", 29),
    ("http", "serverless", 120, None, "gateway", 29),
    ("raised", "real-time", 61, None, None, None),
    ("raised", "real-time", 62, None, "endpoint", 61),
    ("raised", "real-time", 900, None, "endpoint", 61),
    ("raised", "serverless", 300, None, "endpoint", 61),
    ("apigee", "real-time", 54, None, None, None),
    ("apigee", "real-time", 55, None, "gateway", 54),
    ("rest", "real-time", NO_FUNCTION, 29, None, None),
    ("rest", "real-time", NO_FUNCTION, 30, "gateway", 29),
    ("rest", "real-time", NO_FUNCTION, 300, "gateway", 29),
    ("http", "real-time", NO_FUNCTION, 30, None, None),
    ("http", "real-time", NO_FUNCTION, 31, "gateway", 30),
    ("raised", "real-time", NO_FUNCTION, 61, None, None),
    ("raised", "real-time", NO_FUNCTION, 62, "endpoint", 61),
    ("raised", "real-time", FUNCTION, 62, None, None),
    ("raised", "real-time", FUNCTION, 63, "endpoint", 62),
    ("raised", "serverless", FUNCTION, 300, "endpoint", 62),
    ("apigee", "real-time", NO_FUNCTION, 55, None, None),
    ("apigee", "real-time", NO_FUNCTION, 56, "gateway", 55),
    ("rest", "real-time", 20, 15, "gateway", 14),
    ("rest", "real-time", 14, 15, None, None),
]


@pytest.mark.req("5.7", "7.8")
@pytest.mark.parametrize(("gateway", "endpoint", "function", "wanted", "cutter", "most"), WAITS)
def test_waits_that_no_request_can_use_are_refused(gateway, endpoint, function, wanted, cutter, most):
    problems = chain(gateway, endpoint, function, wanted).problems()
    if cutter is None:
        assert problems == []
        return
    (problem,) = problems
    assert f"because {cutter} stops waiting after" in problem.message
    assert f"({cutter} docs)" in problem.message
    assert problem.hint.startswith(f"write {most} or less")
    assert "asynchronously" in problem.hint
    assert problem.path == (("cache", "timeoutSeconds") if function else ("expose", "timeoutSeconds"))


@pytest.mark.req("5.11")
@pytest.mark.parametrize(
    ("gateway", "endpoint", "function", "size", "cutter"),
    [
        ("rest", "real-time", NO_FUNCTION, SIX_MB, None),
        ("rest", "real-time", NO_FUNCTION, SIX_MB + 1, "endpoint"),
        ("rest", "serverless", NO_FUNCTION, 5 * MB, "endpoint"),
        ("rest", "real-time", FUNCTION, 8 * MB, "lambda"),
        ("apigee", "serverless", FUNCTION, 4 * MB, None),
        ("apigee", "serverless", FUNCTION, 4 * MB + 1, "endpoint"),
    ],
)
def test_bodies_that_cannot_pass_are_refused(gateway, endpoint, function, size, cutter):
    problems = chain(gateway, endpoint, function).problems(max_body_bytes=size)
    assert [problem.path for problem in problems] == ([] if cutter is None else [("expose", "maxBodyBytes")])
    if cutter == "endpoint":
        assert f"because {cutter} takes" in problems[0].message
    assert all("S3" in problem.hint for problem in problems)


def test_a_chain_without_hops_allows_everything():
    assert Chain().problems(timeout_seconds=10_000, max_body_bytes=10**12) == []
    assert Chain().seconds == float("inf")


def test_an_unknown_hop_has_no_budget():
    with pytest.raises(KeyError):
        chain("rest", "real-time").budget("proxy")


@pytest.mark.req("3.11", "5.7")
def test_the_loader_refuses_what_the_chain_cannot_hold(refused):
    hops = [hop("gateway", 10, GATEWAYS["rest"]), hop("endpoint", 30, ENDPOINTS["real-time"])]
    text = "name: sentiment\nexpose:\n  timeoutSeconds: 120\n  maxBodyBytes: 7000000\n"
    error, shown = refused(text, hops=hops)
    assert error.exit_code == 3
    assert "release.yaml:3:19: error: expose.timeoutSeconds: no answer can take 120 s, because gateway stops" in shown
    assert "release.yaml:4:17: error: expose.maxBodyBytes: no request of 7000000 bytes gets through" in shown


def test_one_wish_is_refused_once():
    hops = [hop("gateway", 10, GATEWAYS["rest"], 120, ("expose", "timeoutSeconds"))]
    assert len(Chain.of(hops).problems(timeout_seconds=120)) == 1


def test_a_release_carries_its_chain(load):
    hops = [hop("endpoint", 30, ENDPOINTS["real-time"]), hop("gateway", 10, GATEWAYS["rest"])]
    release = load("name: sentiment", hops=hops).release
    assert [found.name for found in release.chain.hops] == ["gateway", "endpoint"]
