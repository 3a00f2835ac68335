"""Ask a service by HTTP, once per request, and say what went wrong in the words of `endpoint`.

A connection is made for each request: the load balancer before the pods chooses one per connection.
"""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from mldeploy_cache.function.endpoint import TRY_LATER, model_error
from mldeploy_cache.function.messages import JSON_TYPE, Answer, Request, problem
from mldeploy_cache.function.settings import Settings

PATH = "/invocations"


class HttpEndpoint:
    """Posts requests to one address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._address = urlsplit(settings.endpoint_url)

    def invoke(self, request: Request) -> Answer:
        """Return the service's answer, or the problem that stands for its failure."""
        try:
            return self._ask(request)
        except TimeoutError:
            return problem(504, f"The model did not answer within {self._settings.endpoint_timeout:g} s.")
        except (OSError, http.client.HTTPException):
            return problem(503, "The model cannot be reached.", TRY_LATER)

    def _ask(self, request: Request) -> Answer:
        headers = {"Content-Type": request.content_type, "Accept": request.accept, "Connection": "close"}
        if request.request_id:
            headers["X-Request-Id"] = request.request_id
        connection = self._connection()
        try:
            connection.request("POST", f"{self._address.path.rstrip('/')}{PATH}", body=request.body, headers=headers)
            found = connection.getresponse()
            body = found.read()
        finally:
            connection.close()
        if found.status == 200:
            return Answer(status=200, body=body, content_type=found.getheader("Content-Type", JSON_TYPE))
        return model_error(found.status, body.decode(errors="replace"))

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._address.netloc, timeout=self._settings.endpoint_timeout)
