"""One line per request in Cloud Logging: who, what, how long; never bodies, tokens or keys.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/message-logging-policy
"""

from __future__ import annotations

import json

from mldeploy.model import JSON
from mldeploy_apigee.bundle.access import KEY, TOKEN
from mldeploy_apigee.bundle.tree import element

NAME = "ML-Access"
FIELDS = {
    "time": "{client.received.start.timestamp}",
    "requestId": "{messageid}",
    "method": "{request.verb}",
    "path": "{proxy.pathsuffix}",
    "status": "{response.status.code}",
    "sent": "{client.sent.end.timestamp}",
    "backendFrom": "{target.sent.start.timestamp}",
    "backendTo": "{target.received.end.timestamp}",
    "app": f"{{verifyapikey.{KEY}.developer.app.name}}",
    "client": f"{{jwt.{TOKEN}.claim.client_id}}",
    "fault": "{fault.name}",
    "revision": "{apiproxy.revision}",
}


def access_log(project: str, log: str) -> JSON:
    """Return the policy; it runs after the answer has gone out."""
    cloud = element(
        "CloudLogging",
        element("LogName", f"projects/{project}/logs/{log}"),
        element("Message", json.dumps(FIELDS), contentType="application/json", defaultVariableValue=""),
    )
    return element(
        "MessageLogging", element("DisplayName", NAME), cloud, name=NAME, enabled="true", continueOnError="false"
    )
