"""What releases of a large project find in an account: a network, a firewall, and a bucket for their records."""

from __future__ import annotations

from typing import Any

import boto3

from tests.crash.inventory import REGION

STATE_BUCKET = "team-state"
STATE = f"s3://{STATE_BUCKET}/deployments"
DOMAIN = "api.example.com"
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"


def make_surroundings(url: str) -> dict[str, Any]:
    """Make them in an empty sandbox and return the sections of release.yaml that use them.

    The sections have the steps that the small release lacks: security groups, interface endpoints and a password;
    a domain and a web ACL; alarms and a dashboard; a function that takes over in steps; records and lock in S3.
    """

    def connect(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
        )

    connect("s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    acl = connect("wafv2").create_web_acl(
        Name="firewall",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "firewall"},
    )
    subnets = sorted(subnet["SubnetId"] for subnet in connect("ec2").describe_subnets()["Subnets"])
    return {
        "state": STATE,
        "monitoring": {"dashboard": True},
        "cache": {
            "vpc": {"subnets": subnets[:2]},
            "deployment": {
                "strategy": "canary",
                "stepPercent": 50,
                "bakeSeconds": 0,
                "alarms": {"errorsPerMinute": 0},
            },
        },
        "expose": {
            "waf": acl["Summary"]["ARN"],
            "domain": {"name": DOMAIN, "basePath": "probe", "certificateArn": CERTIFICATE},
        },
    }
