"""The pages that the rules refer to."""

from __future__ import annotations

_INFERENCE_CODE = "https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"
RUN_IMAGE = f"{_INFERENCE_CODE}#your-algorithms-inference-code-run-image"
INFERENCE_REQUESTS = f"{_INFERENCE_CODE}#your-algorithms-inference-code-container-response"
PING_REQUESTS = f"{_INFERENCE_CODE}#your-algorithms-inference-algo-ping-requests"
INVOKE_ENDPOINT = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"
METRICS = "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"
"""Answers of 5xx count as Invocation5XXErrors and ModelErrors, on which alarms and rollbacks hang."""
READ_ONLY_MODEL = "https://github.com/aws/sagemaker-python-sdk/issues/5698"
CONTENT_TOO_LARGE = "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.14"
