"""Passes an HTTP request on to a pod, and its answer back."""

from __future__ import annotations

import urllib3
from werkzeug.wrappers import Request, Response

from mldeploy_sandbox.kubernetes.status import ApiError

ANSWER_SECONDS = 60.0
"""The idle timeout of an application load balancer
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html)."""

HOP_BY_HOP = ("connection", "content-length", "transfer-encoding")
"""Headers of one connection (RFC 9110, 7.6.1)."""


def pass_on(request: Request, url: str, *, keep_host: bool) -> Response:
    """Send a request to a URL and return the answer.

    Arguments:
        keep_host: the caller is who it was: its host and credentials are passed on, too.

    Raises:
        ApiError: there is no answer (503).
    """
    dropped = HOP_BY_HOP if keep_host else (*HOP_BY_HOP, "host", "authorization")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
    query = request.query_string.decode()
    try:
        answer = urllib3.request(
            request.method,
            f"{url}?{query}" if query else url,
            body=request.get_data() or None,
            headers=headers,
            timeout=ANSWER_SECONDS,
            retries=False,
            redirect=False,
            decode_content=False,
        )
    except urllib3.exceptions.HTTPError as error:
        message = f"error trying to reach service: {error}"
        raise ApiError(503, "ServiceUnavailable", message) from error
    passed = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
    return Response(answer.data, status=answer.status, headers=passed)
