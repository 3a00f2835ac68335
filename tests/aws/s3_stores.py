"""State stores over one bucket of a sandbox, in this process or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session

from mldeploy import Context
from mldeploy_aws.s3_state import S3StateStore
from mldeploy_aws.world import Aws, EndpointAddresses

REGION = "eu-central-1"
BUCKET = "team-state"
PLACE = f"s3://{BUCKET}/deployments"
HOLD = """
import sys
from mldeploy.errors import RefusedError
from tests.aws.s3_stores import store_at
store, context = store_at(sys.argv[1])
client = context.provider("aws").client("sagemaker")
print("ready", flush=True)
sys.stdin.readline()
try:
    with store.lock(sys.argv[2]):
        print("held", flush=True)
        for line in sys.stdin:
            client.add_tags(ResourceArn=line.strip(), Tags=[{"Key": "by", "Value": sys.argv[2]}])
            print("changed", flush=True)
except RefusedError as error:
    print(error.message, flush=True)
"""


def store_at(url: str, place: str = PLACE) -> tuple[S3StateStore, Context]:
    """Return the state store of a release, and the context whose AWS it guards."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_config_variable("region", REGION)
    session.set_credentials("x", "x")
    aws = Aws(session, EndpointAddresses(url), url)
    context = Context(
        name="toy",
        env="dev",
        root=Path(),
        config={},
        tags={},
        find_provider=lambda _kind, _context: aws,
        emit=lambda _event: None,
    )
    return S3StateStore(context, place), context


def holder(url: str, name: str) -> subprocess.Popen[str]:
    """Start a process that takes the lock once it reads a line, then makes a change for each ARN that it reads."""
    command = [sys.executable, "-c", HOLD, url, name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    """Write a line to a process."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def bodies(client: Any) -> dict[str, bytes]:
    """Return key → content of everything in the bucket."""
    listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"]: client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed}
