"""MessageLogging to Cloud Logging: lines go to files of the sandbox, one per log.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/message-logging-policy
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import text
from mldeploy_sandbox.apigee.policies.settings import PolicyError
from mldeploy_sandbox.apigee.runtime.templates import render, template_problems
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLogging:
    """Writes a line; a variable that is not set leaves `default`."""

    SHAPE: ClassVar[Shape] = policy(
        "logLevel",
        logLevel=TEXT,
        CloudLogging=shape(
            LogName=TEXT,
            Message=shape("contentType defaultVariableValue"),
            Labels=shape(Label=shape(Key=TEXT, Value=TEXT)),
            ResourceType=TEXT,
        ),
    )
    name: str
    log_name: str
    message: str
    default: str

    @classmethod
    def from_xml(cls, name: str, document: Element) -> MessageLogging:
        """Read the policy.

        Raises:
            PolicyError: an unknown function.
        """
        message = text(document, "CloudLogging/Message")
        for problem in template_problems(message):
            raise PolicyError(problem)
        element = document.find("CloudLogging/Message")
        default = element.get("defaultVariableValue", "") if element is not None else ""
        return cls(name=name, log_name=text(document, "CloudLogging/LogName"), message=message, default=default)

    def run(self, context: Context) -> None:
        """Write the line."""
        log_name = render(self.log_name, context, lenient=True)
        folder = context.services.logs
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', log_name)}.log").open("a", encoding="utf-8") as log:
            line = render(self.message, context, lenient=True, default=self.default)
            log.write(" ".join(line.splitlines()) + "\n")
