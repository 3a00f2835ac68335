"""The door `diagnosis` of a release on SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy.doors import Diagnosis, NamedCause
from mldeploy_sagemaker.causes import verdicts
from mldeploy_sagemaker.evidence import gather

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.record import Record


class EndpointDiagnostician:
    """Looks at endpoint, containers, image, archive, role and quotas."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def diagnose(self, record: Record) -> Diagnosis:
        """Return what is wrong with the endpoint of a release, the most telling cause first."""
        evidence = gather(self._context, record)
        causes = tuple(
            NamedCause(code=found.cause.code, says=found.cause.says, evidence=found.evidence, fix=found.cause.fix)
            for found in verdicts(evidence)
        )
        status = str(evidence.endpoint.get("EndpointStatus", "absent"))
        return Diagnosis(subject="endpoint", status=status, causes=causes)
