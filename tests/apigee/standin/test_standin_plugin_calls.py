"""What our own plugin asks of the management API fits Google's discovery document, from the first run to the last."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import discovery
import pytest
from tests.apigee.described import NAME
from tests.apigee.stand_in import opened
from werkzeug.wrappers import Request, Response

from mldeploy_sandbox.apigee.standin import StandIn
from mldeploy_sandbox.world import World

QUOTA: dict[str, Any] = {"expose": {"quota": {"limit": 100}}}
FASTER: dict[str, Any] = {"expose": {"quota": {"limit": 200}, "rate": {"perSecond": 70}}}


class CheckedStandIn:
    """A stand-in that checks what passes; `problems` are what does not fit."""

    def __init__(self, world: World) -> None:
        self._standin = StandIn(world)
        self.calls: list[str] = []
        self.problems: list[str] = []

    def close(self) -> None:
        self._standin.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        answer = Response.from_app(self._standin, environ | {"wsgi.input": io.BytesIO(body)})
        if request.path.startswith("/v1/") and answer.status_code == 200:
            self.calls.append(f"{request.method} {request.path}")
            sent = request.get_json(silent=True) if request.is_json else None
            try:
                discovery.check_call(request.method, request.path, request.args.to_dict(), sent, answer.get_json())
            except AssertionError as error:
                self.problems.append(str(error))
        return answer(environ, start_response)


@pytest.mark.req("7.6")
def test_every_call_of_the_plugin_is_one_that_google_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if discovery.document() is None:
        pytest.skip("google-api-python-client is not installed")
    made: list[CheckedStandIn] = []

    def checked(world: World) -> CheckedStandIn:
        made.append(CheckedStandIn(world))
        return made[-1]

    monkeypatch.setattr("tests.apigee.stand_in.StandIn", checked)
    with opened(tmp_path / "place") as place:
        for config in (QUOTA, QUOTA, FASTER):
            place.deployment(config).run()
        place.deployment(FASTER).rollback()
        place.deployment(FASTER).destroy()
    (standin,) = made
    assert standin.problems == []
    methods = {call.split()[0] for call in standin.calls}
    assert methods == {"GET", "POST", "PUT", "DELETE"}
    assert any(f"/apis/{NAME}-local/revisions/2/deployments" in call for call in standin.calls)
