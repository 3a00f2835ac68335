"""The handler that most tutorials show: boto3 and redis-py at the top, clients made at import."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import boto3
import redis

cache = redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]))
runtime = boto3.client("sagemaker-runtime", region_name="eu-central-1")


def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer from Redis, else from the endpoint."""
    body = event["body"]
    key = hashlib.sha256(body.encode()).hexdigest()
    found = cache.get(key)
    if found is None:
        answer = runtime.invoke_endpoint(EndpointName=os.environ["ENDPOINT_NAME"], Body=body)
        found = answer["Body"].read()
        cache.setex(key, 3600, found)
    return {"statusCode": 200, "body": json.dumps(json.loads(found))}
