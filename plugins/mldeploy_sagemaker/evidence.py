"""Everything that tells why an endpoint does not serve what it should, gathered in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated
from mldeploy_aws.log_source import CloudWatchLogs
from mldeploy_sagemaker.container_images import Image, image_of
from mldeploy_sagemaker.instance_quotas import quotas_of
from mldeploy_sagemaker.lookup import MISSING

if TYPE_CHECKING:
    from mldeploy import Context, Step
    from mldeploy.record import Record

LOG_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found out about one release.

    - `endpoint`: DescribeEndpoint; empty when there is none. `wanted`: the configuration that was deployed last.
    - `images`, `archives`: address → what is known of it; None when it is not there.
    - `role`: whether the execution role exists. `log`: the newest lines of the containers.
    - `needed`, `quotas`: instance type → instances that the release asks for, and that the account may run.
    """

    endpoint: Mapping[str, Any]
    wanted: str
    images: Mapping[str, Image | None]
    archives: Mapping[str, bool]
    role: bool
    log: tuple[str, ...]
    needed: Mapping[str, int]
    quotas: Mapping[str, float]

    @property
    def reason(self) -> str:
        """SageMaker's own words."""
        return str(self.endpoint.get("FailureReason", ""))


def gather(context: Context, record: Record) -> Evidence:
    """Look at everything; nothing is changed, and quotas that may not be read count as unknown.

    Arguments:
        record: the release that was deployed last; of the containers, only those count that it started.

    Raises:
        CredentialsError, DeployError: something else may not be read, or AWS does not answer.
    """
    with translated("looking for causes"):
        return _Gatherer(context, record).evidence()


class _Gatherer:
    def __init__(self, context: Context, record: Record) -> None:
        self._context = context
        self._steps = record.steps
        self._since = datetime.fromisoformat(record.started).timestamp()
        self._aws = context.provider("aws")

    def evidence(self) -> Evidence:
        endpoint = self._named("AWS::SageMaker::Endpoint")
        containers = list(self._containers())
        group = endpoint.settings.get("LogGroupName", "") if endpoint else ""
        needed = self._needed()
        return Evidence(
            endpoint=self._described(endpoint),
            wanted=next((s.name for s in self._of("AWS::SageMaker::EndpointConfig")), ""),
            images={c["Image"]: self._image(c["Image"]) for c in containers if "Image" in c},
            archives={c["ModelDataUrl"]: self._archive(c["ModelDataUrl"]) for c in containers if "ModelDataUrl" in c},
            role=self._role(),
            log=tuple(CloudWatchLogs(self._context).tail(group, LOG_LINES, since=self._since)) if group else (),
            needed=needed,
            quotas={kind: quota.value for kind, quota in quotas_of(self._context, needed).items()},
        )

    def _of(self, kind: str) -> list[Step]:
        return [step for step in self._steps if step.kind == kind]

    def _named(self, kind: str) -> Step | None:
        return next(iter(self._of(kind)), None)

    def _described(self, step: Step | None) -> Mapping[str, Any]:
        if step is None:
            return {}
        client = self._aws.client("sagemaker")
        found = found_or_none(
            lambda: client.describe_endpoint(EndpointName=step.name), "ValidationException", text=MISSING
        )
        return found or {}

    def _containers(self) -> Iterator[Mapping[str, Any]]:
        """Yield the container of each model; of one that was never made, what is known from other steps."""
        client = self._aws.client("sagemaker")
        for step in self._of("AWS::SageMaker::Model"):
            name = step.name
            found = found_or_none(
                lambda name=name: client.describe_model(ModelName=name),  # type: ignore[misc]
                "ValidationException",
                text=MISSING,
            )
            if found is not None:
                yield found["PrimaryContainer"]
        for step in self._of("mldeploy::Image"):
            address = self._context.outputs(step.id).get("ImageUri")
            if address:
                yield {"Image": address}

    def _image(self, address: str) -> Image | None:
        return image_of(self._aws.client("ecr"), address)

    def _archive(self, address: str) -> bool:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        head = self._aws.client("s3").head_object
        return found_or_none(lambda: head(Bucket=bucket, Key=key), "404", "NoSuchKey", "NoSuchBucket") is not None

    def _role(self) -> bool:
        step = next((s for s in self._of("AWS::IAM::Role") if s.name.endswith("-sagemaker")), None)
        if step is None:
            return True
        client = self._aws.client("iam")
        return found_or_none(lambda: client.get_role(RoleName=step.name), "NoSuchEntity") is not None

    def _needed(self) -> dict[str, int]:
        needed: dict[str, int] = {}
        for config in self._of("AWS::SageMaker::EndpointConfig"):
            for variant in config.spec["ProductionVariants"]:
                kind = variant.get("InstanceType")
                if kind:
                    needed[kind] = needed.get(kind, 0) + variant["InitialInstanceCount"]
        return needed
