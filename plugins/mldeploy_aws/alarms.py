"""AWS::CloudWatch::Alarm on one metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver


class AlarmDriver(AwsDriver):
    """Spec: parameters of PutMetricAlarm. Outputs: Arn. The step's name is the name of the alarm."""

    service = "cloudwatch"

    def find(self, step: Step) -> Observed | None:
        """Return the alarm."""
        alarms = self.client.describe_alarms(AlarmNames=[step.name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        alarm: Mapping[str, Any] = alarms[0]
        tags = self.client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        live = {key: alarm[key] for key in step.spec if key in alarm}
        return Observed(
            outputs={"Arn": alarm["AlarmArn"]}, spec=live, owned=self.owns(tags), drift=self.tag_drift(tags)
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the alarm with its tags."""
        self.client.put_metric_alarm(AlarmName=step.name, Tags=self.tag_list(), **step.spec)
        return self.outputs_of(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Put it again; tags are ignored there for an alarm that exists (API reference, PutMetricAlarm)."""
        self.client.put_metric_alarm(AlarmName=step.name, **step.spec)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is enough
        """Put our tags."""
        self.client.tag_resource(ResourceARN=observed.outputs["Arn"], Tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the alarm; CloudWatch takes names of alarms that are gone."""
        self.client.delete_alarms(AlarmNames=[step.name])

    def candidates(self) -> Iterable[Step]:
        """Yield the alarms whose names begin like those of the release."""
        prefix = f"{self.context.name}-{self.context.env}-"
        pages = self.client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        for page in pages:
            for alarm in page["MetricAlarms"]:
                yield Step(kind="AWS::CloudWatch::Alarm", name=alarm["AlarmName"], phase=Phase.PROVISION)
