"""The AWS plugin: the door `aws`, the door `logs`, and the drivers that several AWS plugins share.

It is also the library of the AWS plugins: `AwsDriver`, error translation and naming live here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, CostLine, Driver, Encryption, Step


@hookimpl(trylast=True)
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open AWS with the credentials of this machine, and CloudWatch Logs through whatever `aws` is."""
    if kind == "aws":
        from mldeploy_aws.world import real_aws  # noqa: PLC0415 - boto3 loads only when a door is opened

        return real_aws(context)
    if kind == "logs":
        from mldeploy_aws.log_source import CloudWatchLogs  # noqa: PLC0415

        return CloudWatchLogs(context)
    return None


@hookimpl
def mldeploy_costs(steps: Sequence[Step], region: str) -> Iterable[CostLine]:
    """Price what is billed beside compute."""
    from mldeploy_aws.costs import usage_costs  # noqa: PLC0415 - only plans ask

    return usage_costs(steps, region)


@hookimpl
def mldeploy_encryption(steps: Sequence[Step]) -> Iterable[Encryption]:
    """Tell how AWS protects what is stored and sent."""
    from mldeploy_aws.encryption import protections  # noqa: PLC0415 - only plans ask

    return protections(steps)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive roles, log groups, alarms and buckets."""
    from mldeploy_aws.alarms import AlarmDriver  # noqa: PLC0415
    from mldeploy_aws.buckets import BucketDriver  # noqa: PLC0415
    from mldeploy_aws.log_groups import LogGroupDriver  # noqa: PLC0415
    from mldeploy_aws.roles import RoleDriver  # noqa: PLC0415

    return {
        "AWS::CloudWatch::Alarm": AlarmDriver(context),
        "AWS::IAM::Role": RoleDriver(context),
        "AWS::Logs::LogGroup": LogGroupDriver(context),
        "AWS::S3::Bucket": BucketDriver(context),
    }
