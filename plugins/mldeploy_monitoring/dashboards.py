"""AWS::CloudWatch::Dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from mldeploy import DeployError, Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_monitoring.dashboard import marker

KIND = "AWS::CloudWatch::Dashboard"


class DashboardDriver(AwsDriver):
    """Spec: DashboardBody, as data. Outputs: Arn. The step's name is the name of the dashboard."""

    service = "cloudwatch"

    def find(self, step: Step) -> Observed | None:
        """Return the dashboard; it is ours when its text says so."""
        found = found_or_none(
            lambda: self.client.get_dashboard(DashboardName=step.name), "ResourceNotFound", "ResourceNotFoundException"
        )
        if found is None:
            return None
        body = found["DashboardBody"]
        owned = marker(self.context.tags) in body
        return Observed(outputs={"Arn": found["DashboardArn"]}, spec={"DashboardBody": json.loads(body)}, owned=owned)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the dashboard.

        Raises:
            DeployError: CloudWatch finds the body wrong.
        """
        answer = self.client.put_dashboard(
            DashboardName=step.name, DashboardBody=json.dumps(step.spec["DashboardBody"], sort_keys=True)
        )
        if messages := answer.get("DashboardValidationMessages"):
            message = f"{step.id}: {messages[0].get('Message', messages[0])}"
            raise DeployError(message, hint="this is a mistake of mldeploy; set monitoring.dashboard to false")
        return self.outputs_of(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - the body is replaced whole
        """Put the dashboard again."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the dashboard."""
        self.client.delete_dashboards(DashboardNames=[step.name])

    def candidates(self) -> Iterable[Step]:
        """Yield the dashboard that has the name of the release."""
        name = f"{self.context.name}-{self.context.env}"
        for page in self.client.get_paginator("list_dashboards").paginate(DashboardNamePrefix=name):
            for entry in page["DashboardEntries"]:
                if entry["DashboardName"] == name:
                    yield Step(kind=KIND, name=name, phase=Phase.EXPOSE)
