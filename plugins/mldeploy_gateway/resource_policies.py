"""The resource policy of a REST API: from which addresses it may be called at all.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from mldeploy.model import JSON

EXTENSION = "x-amazon-apigateway-policy"
OURS = "MldeployCallers"
"""The statement id of our policies: one without it is somebody else's, and stays where we want none."""
FULL_ARN = re.compile(r"^arn:[a-z-]+:execute-api:[a-z0-9-]+:\d+:[a-z0-9]+/")
"""What API Gateway puts in place of `execute-api:/` when it saves a policy."""


def source_address_policy(cidrs: Sequence[str]) -> JSON:
    """Return the policy that lets requests from some addresses in, and no others.

    Arguments:
        cidrs: ranges of public addresses.
    """
    statement = {
        "Sid": OURS,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": {"IpAddress": {"aws:SourceIp": sorted(cidrs)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def is_kept(wanted: JSON, live: str) -> bool:
    """Tell whether an API has the policy that it should have, or somebody else's where we want none.

    Arguments:
        wanted: the policy of the document; None stands for no policy.
        live: the property `policy` of the API in API Gateway's own notation; empty stands for no policy.
    """
    if wanted is None:
        return not is_ours(live)
    return bool(live and _normal(wanted) == _normal(_parsed(live)))


def is_ours(live: str) -> bool:
    """Tell whether a live policy was put there by mldeploy."""
    return bool(live) and OURS in json.dumps(_parsed(live))


def _parsed(live: str) -> JSON:
    """Return a policy as data; API Gateway gives it with its quotes escaped once more."""
    return json.loads(live if live.startswith("{") and '\\"' not in live else json.loads(f'"{live}"'))


def _normal(value: JSON) -> JSON:
    """Return a policy with short ARNs, and with sorted lists in place of single values."""
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items()}
    items = [value] if not isinstance(value, list | tuple) else value
    texts = [FULL_ARN.sub("execute-api:/", item) if isinstance(item, str) else _normal(item) for item in items]
    return sorted(texts, key=str)
