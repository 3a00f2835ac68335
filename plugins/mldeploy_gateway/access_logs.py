"""mldeploy::ApiGatewayLogRole: whether API Gateway may write logs at all, which is a setting of the whole account.

Where it may not, and release.yaml does not let us change that, a release goes without access logs and says so.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html#set-up-access-logging-permissions
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from mldeploy import Context, Observed, Step, Task
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated
from mldeploy_aws.policies import trust

ROLE = "mldeploy-api-gateway-logs"
"""One role for all releases of an account: it outlives each of them, as the setting does."""
POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
FIELDS = {
    "time": "$context.requestTimeEpoch",
    "requestId": "$context.requestId",
    "method": "$context.httpMethod",
    "path": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "backendMilliseconds": "$context.integrationLatency",
    "answerBytes": "$context.responseLength",
    "keyId": "$context.identity.apiKeyId",
    "client": "$context.authorizer.claims.client_id",
    "refusal": "$context.error.responseType",
}
"""No address, no token, no key value: a line tells which client called, not who sits there."""
FORMAT = json.dumps(FIELDS)
NO_LOGS = (
    "no access logs: this account lets API Gateway write none in this region; expose.accessLogs.setAccountRole changes"
    " that for the whole account"
)


class LogRoleCheck(Task):
    """Spec: DestinationArn (of a log group), SetAccountRole. Outputs: DestinationArn; empty where it may write none."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def read(self, step: Step) -> Observed | None:
        """Look the setting up; None when the role has to be set first."""
        with translated(f"reading {step.id}"):
            role = self.context.provider("aws").client("apigateway").get_account().get("cloudwatchRoleArn")
        if not role and step.spec["SetAccountRole"]:
            return None
        destination = step.spec["DestinationArn"] if role else ""
        return Observed(outputs={"DestinationArn": _plain(destination)})

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Set the role where that is allowed, and say where there will be no logs."""
        if observed is None:
            with translated(f"applying {step.id}"):
                self._set_role()
        elif not observed.outputs["DestinationArn"]:
            self.context.progress(step.id, NO_LOGS)
            return observed.outputs
        return {"DestinationArn": _plain(step.spec["DestinationArn"])}

    def _set_role(self) -> None:
        aws = self.context.provider("aws")
        iam = aws.client("iam")
        found = found_or_none(lambda: iam.get_role(RoleName=ROLE), "NoSuchEntity")
        if found is None:
            policy = json.dumps(trust("apigateway.amazonaws.com"))
            found = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy)
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
        operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": found["Role"]["Arn"]}
        aws.client("apigateway").update_account(patchOperations=[operation])


def _plain(destination: JSON) -> JSON:
    """Return the ARN of a log group as a stage wants it; one that is not known yet stays a ref."""
    return destination.removesuffix(":*") if isinstance(destination, str) else destination
