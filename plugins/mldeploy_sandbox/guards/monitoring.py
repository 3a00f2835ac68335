"""Rules of CloudWatch and CloudWatch Logs."""

from __future__ import annotations

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

RETENTION_DAYS = frozenset(
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
)

RETENTION = declare(
    "logs-retention-days",
    "logs:PutRetentionPolicy",
    says="Only certain numbers of days can be a retention.",
    source="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
)
NAMESPACE = declare(
    "cloudwatch-aws-namespace",
    "cloudwatch:PutMetricData",
    says="Namespaces that begin with AWS/ belong to AWS.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
)
METRIC = declare(
    "cloudwatch-alarm-metric",
    "cloudwatch:PutMetricAlarm",
    says="An alarm needs a metric name or a list of metrics.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
)
INVALID, INVALID_VALUE, INVALID_ALARM = "InvalidParameterException", "InvalidParameterValue", "ValidationError"


def check_retention(world: World, call: Call) -> None:  # noqa: ARG001 - see Guard
    """Refuse a number of days that is not offered."""
    days = call.params["retentionInDays"]
    if days not in RETENTION_DAYS:
        offered = ", ".join(map(str, sorted(RETENTION_DAYS)))
        message = (
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{offered}]"
        )
        raise RETENTION.refusal(INVALID, message)


def check_namespace(world: World, call: Call) -> None:  # noqa: ARG001 - see Guard
    """Refuse metrics in AWS's name."""
    namespace = call.params["Namespace"]
    if namespace.startswith("AWS/"):
        message = f"The value {namespace} for parameter Namespace is invalid."
        raise NAMESPACE.refusal(INVALID_VALUE, message)


def check_alarm(world: World, call: Call) -> None:  # noqa: ARG001 - see Guard
    """Refuse an alarm on nothing."""
    if not call.params.get("MetricName") and not call.params.get("Metrics"):
        message = "MetricName must be specified unless Metrics is."
        raise METRIC.refusal(INVALID_ALARM, message)


GUARDS = {
    ("logs", "PutRetentionPolicy"): check_retention,
    ("cloudwatch", "PutMetricData"): check_namespace,
    ("cloudwatch", "PutMetricAlarm"): check_alarm,
}
