"""Which service and region an HTTP request is meant for, read from its signature as AWS does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from mldeploy_sandbox.identity import DEFAULT_REGION

SERVICES: Mapping[str, tuple[str, ...]] = {
    "access-analyzer": ("accessanalyzer",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "appconfig": ("appconfig", "appconfigdata"),
    "bedrock": ("bedrock", "bedrock-runtime", "bedrock-agent"),
    "cloudcontrolapi": ("cloudcontrol",),
    "cloudhsm": ("cloudhsmv2",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "execute-api": ("apigatewaymanagementapi",),
    "forecast": ("forecast", "forecastquery"),
    "iotdata": ("iot-data",),
    "kinesisanalytics": ("kinesisanalyticsv2",),
    "monitoring": ("cloudwatch",),
    "personalize": ("personalize", "personalize-runtime"),
    "rds": ("rds", "neptune", "docdb"),
    "s3": ("s3", "s3control"),
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-metrics", "sagemaker-featurestore-runtime"),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("sesv2", "ses"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
"""Signing name → botocore services, where the two differ or several services share one; from botocore's metadata."""

UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
}
"""Services with calls that are not signed
(https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The signing name, the region and the caller of a request; `signed` is False when they were guessed."""

    signing_name: str
    region: str
    access_key_id: str = ""
    signed: bool = True

    @property
    def services(self) -> tuple[str, ...]:
        """The botocore services that sign like this."""
        return SERVICES.get(self.signing_name, (self.signing_name,))


def read_scope(environ: Mapping[str, Any]) -> Scope:
    """Find the credential scope in the Authorization header or in the query of a presigned URL.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    if header.startswith("AWS4-") and "Credential=" in header:
        return _from_credential(header.split("Credential=", 1)[1].split(",", 1)[0].strip())
    presigned = parse_qs(str(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential")
    if presigned:
        return _from_credential(presigned[0])
    return _unsigned(environ)


def _from_credential(credential: str) -> Scope:
    parts = credential.split("/")
    if len(parts) < 5:
        return Scope(signing_name="s3", region=DEFAULT_REGION, signed=False)
    return Scope(signing_name=parts[-2].lower(), region=parts[-3], access_key_id="/".join(parts[:-4]))


def _unsigned(environ: Mapping[str, Any]) -> Scope:
    target = str(environ.get("HTTP_X_AMZ_TARGET", "")).split(".", maxsplit=1)[0]
    name = UNSIGNED_TARGETS.get(target)
    if name is None:
        is_form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
        name = "sts" if is_form else "s3"
    return Scope(signing_name=name, region=DEFAULT_REGION, signed=False)
