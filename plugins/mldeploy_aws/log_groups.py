"""AWS::Logs::LogGroup, made before what writes to it, so that nothing is kept for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver


class LogGroupDriver(AwsDriver):
    """Spec: RetentionInDays. Outputs: Arn. The step's name is the name of the group."""

    service = "logs"

    def find(self, step: Step) -> Observed | None:
        """Return the group of exactly this name; the API can only list by prefix."""
        groups = self.client.describe_log_groups(logGroupNamePrefix=step.name)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == step.name), None)
        if group is None:
            return None
        tags = self.client.list_tags_log_group(logGroupName=step.name)["tags"]
        retention = group.get("retentionInDays")
        spec = {} if retention is None else {"RetentionInDays": retention}
        return Observed(outputs={"Arn": group["arn"]}, spec=spec, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the group and set its retention."""
        self.client.create_log_group(logGroupName=step.name, tags=self.tags())
        self._retain(step)
        return {"Arn": f"arn:aws:logs:{self.aws.region}:{self.aws.account_id}:log-group:{step.name}:*"}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Set the retention, and our tags: services make groups of these names by themselves."""
        self.put_tags(step, observed)
        self._retain(step)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Put our tags."""
        self.client.tag_log_group(logGroupName=step.name, tags=self.tags())

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the group with all its lines."""
        self.client.delete_log_group(logGroupName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the groups whose last part begins with the name of the release."""
        for page in self.client.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                name = group["logGroupName"]
                last = name.rpartition("/")[2]
                if last == self.stem or last.startswith(f"{self.stem}-"):
                    yield Step(kind="AWS::Logs::LogGroup", name=name, phase=Phase.PROVISION)

    def _retain(self, step: Step) -> None:
        self.client.put_retention_policy(logGroupName=step.name, retentionInDays=step.spec["RetentionInDays"])
