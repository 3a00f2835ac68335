"""Hundreds of hostile requests: each is refused with a reason or answered rightly, and nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.service.poison import CANARY, REFUSALS, Poison, models
from tests.service.poison.headers import HEADERS
from tests.service.poison.json_documents import DOCUMENTS, GOOD
from tests.service.poison.other_types import FOR_NUMBERS, FOR_TEXTS, TRACE
from tests.service.poison.values import NUMBERS, TEXTS
from tests.service.running import Reply, Running, running

ABOUT_TEXTS = [*DOCUMENTS, *TEXTS, *FOR_TEXTS, *HEADERS]
ABOUT_NUMBERS = [*NUMBERS, *FOR_NUMBERS]
GOOD_NUMBERS = b'{"instances": [[1, 2]]}'
PATHS = ("/predict", "/invocations")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose model takes texts."""
    with running(tmp_path_factory.mktemp("texts"), models.TEXTS) as service:
        yield service
        assert_unharmed(service, GOOD)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose model takes pairs of numbers."""
    folder = tmp_path_factory.mktemp("numbers")
    with running(folder, models.NUMBERS) as service:
        yield service
        assert_unharmed(service, GOOD_NUMBERS)
        assert not (folder / TRACE).exists()


def assert_unharmed(service: Running, good: bytes) -> None:
    """After all of it the service answers, nothing failed inside, and the log holds nothing that callers sent."""
    assert service.ask("/predict", good, {"Content-Type": "application/json"}).status == 200
    assert service.ask("/ping").status == 200
    service.terminate()
    log = "".join(service.output)
    assert CANARY not in log
    assert "Traceback" not in log
    assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


def names(poisons: list[Poison]) -> list[str]:
    """Return the ids of the tests."""
    return [poison.name.replace(" ", "-") for poison in poisons]


@pytest.mark.req("2.5", "2.10")
@pytest.mark.parametrize("poison", ABOUT_TEXTS, ids=names(ABOUT_TEXTS))
def test_a_service_of_texts_refuses_or_answers_rightly(poison: Poison, texts: Running):
    check(texts, poison)


@pytest.mark.req("2.5", "2.10")
@pytest.mark.parametrize("poison", ABOUT_NUMBERS, ids=names(ABOUT_NUMBERS))
def test_a_service_of_numbers_refuses_or_answers_rightly(poison: Poison, numbers: Running):
    check(numbers, poison)


def check(service: Running, poison: Poison) -> None:
    kind = {} if poison.content_type is None else {"Content-Type": poison.content_type}
    replies = [service.ask(path, poison.body, kind | dict(poison.headers)) for path in PATHS]
    assert replies[0].status == replies[1].status, "both paths answer alike"
    for reply in replies:
        if reply.status == 200:
            assert poison.predictions is not None, f"accepted: {reply.body[:200]!r}"
            assert json.loads(reply.body)["predictions"] == poison.predictions
        else:
            assert poison.predictions is None or poison.refusable, f"refused: {reply}"
            assert_a_refusal(reply)


def assert_a_refusal(reply: Reply) -> None:
    """A problem document (RFC 9457) that says what is wrong and repeats nothing of the request."""
    assert reply.status in REFUSALS
    assert reply.headers["content-type"] == "application/problem+json"
    problem = json.loads(reply.body)
    assert problem["status"] == reply.status
    assert problem["title"]
    assert problem["detail"]
    assert CANARY not in reply.body.decode() + str(reply.headers)
    assert len(reply.body) < 100_000
