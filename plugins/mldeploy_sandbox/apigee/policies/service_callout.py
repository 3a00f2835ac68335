"""ServiceCallout: a request to another service; an answer with an error ends the flow, as none does.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/service-callout-policy
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true, text
from mldeploy_sandbox.apigee.policies.settings import PolicyError, whole_number
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

DEFAULT_MILLISECONDS = 55_000
FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCallout:
    """Sends a message that an earlier policy has made, and names the answer."""

    SHAPE: ClassVar[Shape] = policy(
        Request=shape("variable clearPayload"),
        Response=TEXT,
        Timeout=TEXT,
        HTTPTargetConnection=shape(URL=TEXT, SSLInfo=shape(Enabled=TEXT, Enforce=TEXT)),
    )
    name: str
    request: str
    response: str
    url: str
    verified: bool
    seconds: float

    @classmethod
    def from_xml(cls, name: str, document: Element) -> ServiceCallout:
        """Read the policy.

        Raises:
            PolicyError: no variable with a request, or a time that is no number.
        """
        request = document.find("Request")
        variable = request.get("variable", "") if request is not None else ""
        if not variable:
            message = "the stand-in sends only requests that an earlier policy has made (Request/@variable)"
            raise PolicyError(message)
        return cls(
            name=name,
            request=variable,
            response=text(document, "Response"),
            url=text(document, "HTTPTargetConnection/URL"),
            verified=is_true(document, "HTTPTargetConnection/SSLInfo/Enforce"),
            seconds=(whole_number(document, "Timeout") or DEFAULT_MILLISECONDS) / 1000,
        )

    def run(self, context: Context) -> None:
        """Send the request and wait for the answer.

        Raises:
            Fault: ExecutionFailed: there is no answer in time, or one with an error.
        """
        request = context.message_named(self.request)
        if request is None:
            raise self._fault(context, f"the variable {self.request} is no request")
        try:
            answer = context.services.targets.send(
                request, self.url, verified=self.verified, connect_seconds=self.seconds, io_seconds=self.seconds
            )
        except Fault as fault:
            raise self._fault(context, str(fault)) from fault
        if answer.status >= FIRST_ERROR:
            raise self._fault(context, f"ResponseCode {answer.status} is treated as error")
        if self.response:
            context.name_message(self.response, answer)

    def _fault(self, context: Context, reason: str) -> Fault:
        context.write(f"servicecallout.{self.name}.failed", "true")
        text = f"Execution of ServiceCallout {self.name} failed. Reason: {reason}"
        return Fault(500, "steps.servicecallout.ExecutionFailed", text)
