"""mldeploy::Rehearsal: what was built is started as SageMaker would start it, and has to answer rightly."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Observed, Step
from mldeploy.errors import UsageError
from mldeploy.model import JSON


class RehearsalDriver:
    """Spec: Image, Digest, Model (a folder), Variables, Requests, Rounds, and Environment or RepositoryUri.

    Outputs: Passed (how many answers were right). A record remembers them: what has passed is not rehearsed again.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def read(self, step: Step) -> Observed | None:
        """Return what a kept record says."""
        outputs = self.context.outputs(step.id)
        return Observed(outputs=outputs, looked_up=True) if "Passed" in outputs else None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - there is none
        """Rehearse.

        Raises:
            DeployError: the service does not come up, or an answer is not the expected one.
            UsageError: this installation of mldeploy cannot run services.
        """
        try:
            from mldeploy_contract.rehearsal.performance import perform  # noqa: PLC0415 - needs the extra `sandbox`
        except ModuleNotFoundError as error:
            message = f"a rehearsal needs the package {error.name}"
            raise UsageError(message, hint="pip install 'mldeploy[sandbox]'") from error
        return {"Passed": perform(step, self.context.root)}

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: a rehearsal leaves nothing behind."""
