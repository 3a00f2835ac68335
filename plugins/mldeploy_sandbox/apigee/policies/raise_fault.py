"""RaiseFault: ends the flow with an answer of its own.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/raise-fault-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true
from mldeploy_sandbox.apigee.policies.assign_message import VARIABLE, Assignment, read_assignments
from mldeploy_sandbox.apigee.policies.message_changes import ADD, REMOVE, SET, Changes, read_changes
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.messages import Message
from mldeploy_sandbox.apigee.runtime.templates import UnresolvedVariable
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

CODE = "steps.raisefault.RaiseFault"


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseFault:
    """Raises a fault whose answer it has made."""

    SHAPE: ClassVar[Shape] = policy(
        IgnoreUnresolvedVariables=TEXT,
        ShortFaultReason=TEXT,
        FaultResponse=shape(Set=SET, Add=ADD, Remove=REMOVE, AssignVariable=VARIABLE),
    )
    name: str
    changes: Changes
    assignments: Sequence[Assignment]
    lenient: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> RaiseFault:
        """Read the policy.

        Raises:
            PolicyError: an unknown function.
        """
        answer = document.find("FaultResponse")
        answer = answer if answer is not None else Element("FaultResponse")
        return cls(
            name=name,
            changes=read_changes(answer),
            assignments=read_assignments(answer),
            lenient=is_true(document, "IgnoreUnresolvedVariables", default=True),
        )

    def run(self, context: Context) -> None:
        """Raise the fault.

        Raises:
            Fault: always.
        """
        text = f"Raising fault. Fault name : {self.name}"
        message = Message(status=500) if self._answers() else None
        if message is not None:
            try:
                for assignment in self.assignments:
                    assignment.apply(context, lenient=self.lenient)
                self.changes.apply(message, context, lenient=self.lenient)
            except UnresolvedVariable as error:
                reason = f"RaiseFault[{self.name}]: unable to resolve variable {error}"
                raise Fault(500, "steps.raisefault.UnresolvedVariable", reason) from error
        raise Fault(message.status if message else 500, CODE, text, message)

    def _answers(self) -> bool:
        return bool(self.changes.written or self.changes.added or self.changes.payload)
