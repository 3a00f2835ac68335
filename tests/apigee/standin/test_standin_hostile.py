"""Bundles and conditions of any content: refused with a reason, never a crash."""

from __future__ import annotations

import io
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from proxy_bundles import archive, zipped
from standin_client import Apigee

from mldeploy_sandbox.apigee.bundle import read_bundle
from mldeploy_sandbox.apigee.errors import Code, GoogleError
from mldeploy_sandbox.apigee.runtime.conditions import ConditionError, read_condition

WORDS = ["request.verb", "=", "!=", "~~", "~/", ">", "and", "or", "not", "(", ")", '"a"', '"("', "null", "7", "a.b-c"]
CONTEXT: Any = SimpleNamespace(read={"request.verb": "GET", "a.b-c": "1"}.get)


def refusal(data: bytes) -> Code | None:
    try:
        read_bundle(data)
    except GoogleError as error:
        return error.code
    return None


@settings(max_examples=150, deadline=None)
@given(some.one_of(some.lists(some.sampled_from(WORDS), max_size=8).map(" ".join), some.text(max_size=30)))
def test_a_condition_is_read_or_refused(text: str) -> None:
    try:
        condition = read_condition(text)
    except ConditionError:
        return
    assert condition(CONTEXT) in {True, False}


@settings(max_examples=60, deadline=None)
@given(some.binary(max_size=200), some.integers(0, 2000))
def test_an_archive_is_read_or_refused(noise: bytes, place: int) -> None:
    whole = archive().getvalue()
    for data in (noise, whole[:place], whole[:place] + noise + whole[place + len(noise) :]):
        assert refusal(data) in {None, Code.INVALID_ARGUMENT}


@settings(max_examples=60, deadline=None)
@given(some.binary(max_size=100))
def test_a_document_is_read_or_refused(content: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("apiproxy/a.xml", content)
    with pytest.raises(GoogleError):
        read_bundle(buffer.getvalue())


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mldeploy_sandbox.apigee.bundle.MAX_BYTES", 10_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("apiproxy/a.xml", b" " * 10_001)
    with pytest.raises(GoogleError, match="unpacks to more than"):
        read_bundle(buffer.getvalue())


def test_files_beside_the_bundle_are_not_looked_at() -> None:
    good = zipped({"apiproxy/a.xml": "<APIProxy", "../../etc/passwd": "x"})
    with pytest.raises(GoogleError, match=r"apiproxy/a\.xml"):
        read_bundle(good.getvalue())


@pytest.mark.parametrize("value", ["soon", "-5", "0"])
def test_a_timeout_that_is_none_is_not_deployed(apigee: Apigee, value: str) -> None:
    revision = apigee.load("timeless", base_path="/timeless", properties={"io.timeout.millis": value})
    apigee.deploy("timeless", revision, override="true")
    message = apigee.state("timeless", revision)["errors"][0]["message"]
    assert f"the property io.timeout.millis is '{value}'" in message
