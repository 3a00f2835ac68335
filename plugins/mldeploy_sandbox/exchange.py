"""One AWS call from request to answer: found, parsed, checked, let through gates, answered by a plane or by moto."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from moto.core.exceptions import JsonRESTError, ServiceException

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.client_side import read_answer
from mldeploy_sandbox.faults.delivery import ConnectionCut, Delivery
from mldeploy_sandbox.identity import ACCOUNT_ID
from mldeploy_sandbox.moto_app import Moto
from mldeploy_sandbox.output import error_code, mended, report
from mldeploy_sandbox.permissions.enforcement import Enforcement
from mldeploy_sandbox.permissions.required import Permission, required
from mldeploy_sandbox.plane import AwsError, Call, Gate, Key, Operation
from mldeploy_sandbox.protocols import Route, find_route, has_raw_payload, read_call, write_error, write_result
from mldeploy_sandbox.scope import Scope
from mldeploy_sandbox.validation import check_input

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Who answers: gates in the order in which they are asked, then a plane's operation, else moto."""

    moto: Moto
    operations: Mapping[Key, Operation]
    gates: Sequence[Gate]
    delivery: Delivery
    enforcement: Enforcement


class Exchange:
    """One AWS call, and what the request log wants to know about it."""

    def __init__(self, answering: Answering, scope: Scope) -> None:
        self._answering = answering
        self._scope = scope
        self._route: Route | None = None
        self.permissions: tuple[Permission, ...] = ()
        self.service = scope.services[0]
        self.operation = "Unknown"
        self.error = self.rule = self.fault = ""

    def run(self, environ: dict[str, Any], body: IO[bytes]) -> Answer:
        """Answer the call; whatever happens, in the protocol of the service.

        Raises:
            ConnectionCut: a fault wants that there is no answer.
        """
        try:
            return self._with_faults(environ, body)
        except ConnectionCut:
            raise
        except AwsError as error:
            return self._refuse(error)
        except (ServiceException, JsonRESTError) as error:
            return self._refuse(_of_moto(error))
        except NotImplementedError:
            message = f"the sandbox does not answer {self.service}:{self.operation}"
            return self._refuse(AwsError("NotImplemented", message, 501))
        except Exception as error:
            log.exception("%s:%s failed", self.service, self.operation)
            message = f"the sandbox failed in {self.service}:{self.operation}: {type(error).__name__}: {error}"
            return self._refuse(AwsError("InternalFailure", message, 500))

    def _with_faults(self, environ: dict[str, Any], body: IO[bytes]) -> Answer:
        route = self._route = find_route(environ, self._scope)
        self.service, self.operation = route.service, str(route.operation.name)
        call = self._read(route, environ, body)
        request = f"{self.service}:{self.operation} {_fingerprint(call, environ)}"
        delivery = self._answering.delivery
        faults = delivery.faults_for(f"{self.service}:{self.operation}", request)
        self.fault = " ".join(fault.kind for fault in faults)
        if faults:
            return delivery.answer(
                faults, self.service, request, lambda: self._remembered(request, route, call, environ, body)
            )
        return self._remembered(request, route, call, environ, body)

    def _remembered(self, request: str, route: Route, call: Call, environ: dict[str, Any], body: IO[bytes]) -> Answer:
        """Answer, and keep the answer for a stale read later."""
        try:
            answer = self._answer(route, call, environ, body)
        except AwsError as error:
            self._answering.delivery.remember(self.operation, request, self._refuse(error))
            raise
        self._answering.delivery.remember(self.operation, request, answer)
        return answer

    def _read(self, route: Route, environ: dict[str, Any], body: IO[bytes]) -> Call:
        """Parse the call; of an upload to S3 only its path, since the body may be large and is for moto to read."""
        body.seek(0)
        if route.service != "s3" or not has_raw_payload(route.operation):
            return read_call(route, dict(environ), self._scope)
        path = {name: value for name, value in route.path_params.items() if value}
        return Call(
            service="s3", operation=self.operation, params=path, region=self._scope.region, account_id=ACCOUNT_ID
        )

    def _answer(self, route: Route, call: Call, environ: dict[str, Any], body: IO[bytes]) -> Answer:
        gates = self._answering.gates
        key = (call.service, call.operation)
        if call.service != "s3":
            check_input(route.operation, route.protocol, call.params)
        self.permissions = required(call)
        self._answering.enforcement.check(self._scope.access_key_id, call.service, self.permissions)
        for gate in gates:
            gate.before(call)
        handler = self._answering.operations.get(key)
        changing = [gate for gate in gates if gate.changes(key)]
        if handler is None and not changing:
            return self._forward(environ, body, route, call)
        if handler is not None:
            result = handler(call)
        else:
            answer = self._forward(environ, body, route, call)
            if self.error:
                return answer
            result = read_answer(call, answer)
        for gate in changing:
            result = gate.after(call, result)
        return write_result(route, result)

    def _forward(self, environ: dict[str, Any], body: IO[bytes], route: Route, call: Call) -> Answer:
        """Let moto answer; what it says is mended and checked."""
        body.seek(0)
        answer = self._answering.moto.forward(environ)
        if route.service == "s3":
            self.error = str(answer.status) if answer.status >= 400 else ""
            return answer
        content_type = dict(answer.headers).get("Content-Type", "")
        if answer.status == 404 and content_type.startswith("text/html"):
            raise NotImplementedError  # Flask's page: moto has no such path
        answer = mended(route, answer)
        self.error = error_code(call, answer)
        if not self.error:
            report(route, call, answer)
        return answer

    def _refuse(self, error: AwsError) -> Answer:
        self.error, self.rule = error.code, error.rule
        return write_error(self._route, error, self._scope)


def _fingerprint(call: Call, environ: Mapping[str, Any]) -> str:
    """Return the same text for the attempts of one request."""
    if call.service == "s3":
        return f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    return json.dumps(call.params, sort_keys=True, default=repr)


def _of_moto(error: ServiceException | JsonRESTError) -> AwsError:
    """Translate what moto's stores raise when a plane asks them."""
    if isinstance(error, JsonRESTError):
        return AwsError(str(error.error_type), str(error.message), int(error.code))
    return AwsError(str(error.code), str(error.message))
