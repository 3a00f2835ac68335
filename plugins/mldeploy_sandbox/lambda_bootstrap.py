"""The program of a worker process: AWS's runtime client, which also marks where the output of each event ends.

Runs with the function's own path, without this package; results travel over HTTP and output through a pipe, and only
a mark in the pipe tells that all lines of an event have arrived.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient


def marking(post: Callable[..., None]) -> Callable[..., None]:
    """Write NUL, the request id and a line end to stdout before an outcome is posted."""

    def mark_and_post(request_id: str, *arguments: Any, **options: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(1, f"\0{request_id}\n".encode())
        post(request_id, *arguments, **options)

    return mark_and_post


def main(handler: str) -> None:
    """Serve events until the sandbox ends this process."""
    client = LambdaRuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    client.post_invocation_result = marking(client.post_invocation_result)
    client.post_invocation_error = marking(client.post_invocation_error)
    bootstrap.run(handler, client)


if __name__ == "__main__":
    main(sys.argv[1])
