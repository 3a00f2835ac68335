"""Tokens for an EKS cluster: a presigned call to STS, which the cluster makes to learn who we are.

Source: https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html (the token is the
presigned URL, base64url without padding, after `k8s-aws-v1.`; the header x-k8s-aws-id, which is signed, names the
cluster; a token is accepted for 15 minutes).
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import Any

HEADER = "x-k8s-aws-id"
PREFIX = "k8s-aws-v1."
URL_SECONDS = 60
FRESH_SECONDS = 600.0
"""A token is used for ten of its fifteen minutes."""


class Tokens:
    """Makes tokens for one cluster and remembers the last one; thread-safe."""

    def __init__(self, sts: Any, cluster: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._sts = sts
        self._cluster = cluster
        self._clock = clock
        self._made = ("", -FRESH_SECONDS)
        self._making = threading.Lock()

    def current(self) -> str:
        """Return a token that is good for some more minutes."""
        with self._making:
            if self._clock() - self._made[1] >= FRESH_SECONDS:
                self._made = (presigned_token(self._sts, self._cluster), self._clock())
            return self._made[0]


def presigned_token(sts: Any, cluster: str) -> str:
    """Return a new token; nothing is sent.

    Arguments:
        sts: botocore's client of the region that the cluster is in.
        cluster: the cluster's name.
    """
    events = sts.meta.events
    events.register("provide-client-params.sts.GetCallerIdentity", _take_name, unique_id="mldeploy-take-name")
    events.register("before-sign.sts.GetCallerIdentity", _put_header, unique_id="mldeploy-put-header")
    url = sts.generate_presigned_url(
        "get_caller_identity", Params={HEADER: cluster}, ExpiresIn=URL_SECONDS, HttpMethod="GET"
    )
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _take_name(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Move the cluster's name out of the parameters, which botocore would refuse."""
    if HEADER in params:
        context[HEADER] = params.pop(HEADER)


def _put_header(request: Any, **_: Any) -> None:
    """Put the cluster's name into the headers that are signed."""
    if HEADER in request.context:
        request.headers[HEADER] = request.context[HEADER]
