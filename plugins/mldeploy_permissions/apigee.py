"""Grants of the kinds of the plugin `apigee`: what its drivers ask of AWS. Google's own roles are in the how-to."""

from __future__ import annotations

from mldeploy_permissions.grants import Grant

SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{introspection.secretName}-??????"  # noqa: S105 - no secret
APIGEE = {
    "Apigee::KeyValueMap": (
        Grant("secretsmanager", "DescribeSecret GetSecretValue", (SECRET,), when="introspection.secretName"),
    ),
}
