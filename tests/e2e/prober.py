"""Somebody who calls a service without a pause and remembers every answer that is not the usual one."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

ANSWER_SECONDS = 40
PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 120


@dataclass
class Prober:
    """Sends one request again and again while its block runs; every second one goes past the cache.

    - `usual`: the answer that callers are used to.
    - `good`: how often it came; `failures`: what came instead.
    """

    url: str
    headers: Mapping[str, str]
    request: Any
    usual: Any
    good: int = 0
    failures: list[str] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._probe, name="prober", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def wait_for(self, good: int) -> None:
        """Wait until the usual answer came so many times.

        Raises:
            TimeoutError: it does not come any more.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.good < good:
            if time.monotonic() > deadline:
                message = f"{self.good} good answers and {self.failures[-3:]}"
                raise TimeoutError(message)
            time.sleep(PAUSE_SECONDS)

    def _probe(self) -> None:
        number = 0
        while not self._stopped.wait(PAUSE_SECONDS):
            number += 1
            answer = self._ask(past_the_cache=number % 2 == 0)
            if answer == self.usual:
                self.good += 1
            else:
                self.failures.append(f"probe {number}: {answer}")

    def _ask(self, *, past_the_cache: bool) -> Any:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
        headers = {"content-type": "application/json", **self.headers}
        if past_the_cache:
            headers["cache-control"] = "no-cache"
        try:
            connection.request("POST", address.path, json.dumps(self.request), headers)
            response = connection.getresponse()
            text = response.read()
            return json.loads(text) if response.status == http.HTTPStatus.OK else f"{response.status} {text[:200]!r}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            return repr(error)
        finally:
            connection.close()
