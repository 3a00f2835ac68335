"""moto in this process: called one request at a time, as WSGI or by operation."""

from __future__ import annotations

import threading
from typing import Any

from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.client_side import read_answer, write_request
from mldeploy_sandbox.identity import ACCOUNT_ID
from mldeploy_sandbox.plane import AwsError, Call


class Moto:
    """moto's stores and request handlers.

    moto is not thread-safe: whoever reads or changes a store holds `lock`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        default_user_config["batch"] = {"use_docker": False}
        self._app = DomainDispatcherApplication(create_backend_app)

    def backend(self, service: str, region: str) -> Any:
        """Return the store of a service in a region, or its only store if it has one for all regions.

        Raises:
            AwsError: moto does not know the service or the region.
        """
        try:
            regions = get_backend(service)[ACCOUNT_ID]  # type: ignore[call-overload]
            return regions[region] if region in regions else regions["aws"]
        except (ImportError, KeyError) as error:
            code, message = "NotImplemented", f"the sandbox has no {service} in {region}"
            raise AwsError(code, message, 501) from error

    def forward(self, environ: dict[str, Any]) -> Answer:
        """Let moto answer an HTTP request.

        Raises:
            NotImplementedError: moto does not know the service or the operation.
        """
        host = self._app.infer_service_region_host(environ, environ["PATH_INFO"])
        if host is not None and self._app.get_backend_for_host(host) is None:
            raise NotImplementedError(host)
        with self.lock:
            body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            content = b"".join(body)
        return Answer(status=int(status.split()[0]), headers=list(headers.items()), body=content)

    def answer(self, call: Call) -> dict[str, Any]:
        """Let moto answer an operation; parameters and result are in botocore's vocabulary.

        Raises:
            AwsError: the answer is an error.
        """
        return read_answer(call, self.forward(write_request(call)))
