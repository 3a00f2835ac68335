"""AssignMessage: changes a message and sets variables.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/assign-message-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true, text
from mldeploy_sandbox.apigee.policies.message_changes import ADD, REMOVE, SET, Changes, read_changes
from mldeploy_sandbox.apigee.policies.settings import PolicyError
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.messages import Message
from mldeploy_sandbox.apigee.runtime.templates import UnresolvedVariable, render, template_problems
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

FLOW_MESSAGES = ("request", "response", "error", "message")
VARIABLE = shape(Name=TEXT, Value=TEXT, Ref=TEXT, Template=TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A variable: from another one, else from a template, else a value."""

    name: str
    value: str
    reference: str
    template: str

    def apply(self, context: Context, *, lenient: bool) -> None:
        """Set the variable."""
        found = context.read(self.reference) if self.reference else None
        if found is None and self.template:
            found = render(self.template, context, lenient=lenient)
        context.write(self.name, self.value if found is None else found)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignMessage:
    """Changes the present message, or the one that `AssignTo` names, which may be a new one."""

    SHAPE: ClassVar[Shape] = policy(
        AssignTo=shape("createNew transport type"),
        IgnoreUnresolvedVariables=TEXT,
        Set=SET,
        Add=ADD,
        Remove=REMOVE,
        AssignVariable=VARIABLE,
    )
    name: str
    kind: str
    new_name: str
    changes: Changes
    assignments: Sequence[Assignment]
    lenient: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> AssignMessage:
        """Read the policy.

        Raises:
            PolicyError: a new message has no name of its own, or there is an unknown function.
        """
        target = document.find("AssignTo")
        is_new = target is not None and target.get("createNew", "false") == "true"
        if is_new and text(document, "AssignTo") in ("", *FLOW_MESSAGES):
            message = "the stand-in makes new messages only under names of their own (AssignTo/@createNew)"
            raise PolicyError(message)
        return cls(
            name=name,
            kind=target.get("type", "") if target is not None else "",
            new_name=text(document, "AssignTo") if is_new else "",
            changes=read_changes(document),
            assignments=read_assignments(document),
            lenient=is_true(document, "IgnoreUnresolvedVariables"),
        )

    def run(self, context: Context) -> None:
        """Change the message.

        Raises:
            Fault: UnresolvedVariable.
        """
        message = context.choose(self.kind)
        if self.new_name:
            message = Message(verb="GET" if self.kind == "request" else "")
            context.name_message(self.new_name, message)
        try:
            self.changes.apply(message, context, lenient=self.lenient)
            for assignment in self.assignments:
                assignment.apply(context, lenient=self.lenient)
        except UnresolvedVariable as error:
            text = f"AssignMessage[{self.name}]: unable to resolve variable {error}"
            code = "steps.assignmessage.UnresolvedVariable"
            raise Fault(500, code, text) from error


def read_assignments(document: Element) -> list[Assignment]:
    """Read the elements AssignVariable.

    Raises:
        PolicyError: a template has a function that the stand-in does not know.
    """
    assignments = [
        Assignment(
            name=text(item, "Name"),
            value=text(item, "Value"),
            reference=text(item, "Ref"),
            template=text(item, "Template"),
        )
        for item in document.findall("AssignVariable")
    ]
    for assignment in assignments:
        for problem in template_problems(assignment.template):
            raise PolicyError(problem)
    return assignments
