"""What the environment of the function decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one function.

    - `release`: names what answers are made by: the endpoint's configuration and the generation of this function's own
      configuration. While an endpoint moves to another configuration, answers of the new one are stored under the old
      name; the generation makes sure that a rollback to that name does not find them.
    - `redis_certificate`: the one certificate that Redis shows; empty where well-known authorities vouch for it.
    - `redis_secret_arn`: the secret that holds the password of Redis; empty where it asks for none.
    - `time_to_live`: seconds that an answer is kept, give or take `jitter` (a share of it).
    - `endpoint_url`: where to post requests to; empty where SageMaker is asked.
    - `endpoint_timeout`: seconds that the endpoint has for an answer.
    - `max_body_bytes`: the largest request body that every hop behind the gateway passes on.
    - `answer_headers`: headers that every answer carries.
    """

    endpoint_name: str
    release: str
    redis_host: str
    redis_port: int
    redis_tls: bool
    time_to_live: float
    jitter: float
    endpoint_timeout: float
    max_body_bytes: int
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    redis_certificate: str = ""
    redis_secret_arn: str = ""
    endpoint_url: str = ""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Settings:
        """Read environment variables; mldeploy_cache.steps writes them."""
        return cls(
            endpoint_name=variables["ENDPOINT_NAME"],
            release=f"{variables['RELEASE']}:{variables.get('GENERATION', '')}",
            redis_host=variables["REDIS_HOST"],
            redis_port=int(variables["REDIS_PORT"]),
            redis_tls=variables["REDIS_TLS"] == "true",
            time_to_live=float(variables["CACHE_TTL"]),
            jitter=float(variables["CACHE_TTL_JITTER_PERCENT"]) / 100,
            endpoint_timeout=float(variables["ENDPOINT_TIMEOUT"]),
            max_body_bytes=int(variables["MAX_BODY_BYTES"]),
            answer_headers=json.loads(variables.get("ANSWER_HEADERS", "{}")),
            redis_certificate=variables.get("REDIS_CERTIFICATE", ""),
            redis_secret_arn=variables.get("REDIS_SECRET_ARN", ""),
            endpoint_url=variables.get("ENDPOINT_URL", ""),
        )
