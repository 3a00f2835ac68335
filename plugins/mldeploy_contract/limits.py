"""What SageMaker allows a container, in seconds and bytes, and how long this examination looks."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

MAX_BODY_BYTES = 6_291_456
"""The largest body of InvokeEndpoint (botocore, service model of sagemaker-runtime, shape BodyBlob)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds; the first five are SageMaker's.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html

    - `ping`: a health check has to be answered in this time.
    - `connect`: a connection has to be accepted in this time.
    - `invocation`: a request has to be answered in this time.
    - `stop`: between TERM and KILL.
    - `startup`: from the start to the first 200 of /ping; 480 s unless the endpoint configuration says otherwise.
    - `settle`: how long a wrong answer may stay the same until it is believed, instead of waiting for `startup`.
    - `load`: how long callers send requests as fast as they can.
    - `in_flight`: how long before TERM requests are sent, and how long after it the last bytes of some follow.
    """

    ping: float = 2.0
    connect: float = 0.25
    invocation: float = 60.0
    stop: float = 30.0
    startup: float = 480.0
    settle: float = 30.0
    load: float = 3.0
    in_flight: float = 0.5

    def scaled(self, factor: float) -> Limits:
        """Return the limits with every time multiplied, for rehearsals in less time."""
        return replace(self, **{field.name: getattr(self, field.name) * factor for field in fields(self)})
