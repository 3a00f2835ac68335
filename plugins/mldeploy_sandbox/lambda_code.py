"""Code of Lambda functions on disk: content-addressed folders, and the libraries that AWS's runtime brings along."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from mldeploy_sandbox.plane import AwsError

MAX_UNZIPPED_BYTES = 262_144_000
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, deployment package size."""

RUNTIME_DISTRIBUTIONS = (
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
)
"""What a function can import without bringing it: the runtime client and the AWS SDK
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included)."""


def check_zip(content: bytes) -> None:
    """Refuse a deployment package as Lambda does.

    Raises:
        AwsError: not a zip file, or too large when unpacked.
    """
    code = "InvalidParameterValueException"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        message = "Could not unzip uploaded file. Please check your file, then try to upload again."
        raise AwsError(code, message) from error
    if size > MAX_UNZIPPED_BYTES:
        message = f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
        raise AwsError(code, message)


def unpack(content: bytes, store: Path) -> Path:
    """Return a folder under `store` with the content of a zip file; equal content is unpacked once."""
    target = store / hashlib.sha256(content).hexdigest()
    if target.exists():
        return target
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=store))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # zipfile drops absolute and parent parts of names and never makes links.
        archive.extractall(draft)
    _publish(draft, target)
    return target


def runtime_libraries(store: Path) -> Path:
    """Return a folder under `store` that holds links to the runtime's own libraries and nothing else.

    A function that forgot to bring a dependency must fail here as it fails on AWS.
    """
    target = store / "runtime"
    if target.exists():
        return target
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=store))
    for name in RUNTIME_DISTRIBUTIONS:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (draft / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
    _publish(draft, target)
    return target


def _publish(draft: Path, target: Path) -> None:
    """Give a complete folder its name; another thread may have been faster."""
    try:
        os.rename(draft, target)  # noqa: PTH104 - fails when the target exists and is not empty, which is wanted
    except OSError:
        if not target.exists():
            raise
