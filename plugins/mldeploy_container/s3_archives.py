"""Archives with models in S3, fetched and unpacked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mldeploy import DeployError
from mldeploy.archive.content import UnsafeArchiveError
from mldeploy.archive.extraction import extract
from mldeploy_aws.failures import translated


def fetch(client: Any, url: str, folder: Path) -> Mapping[str, Any]:
    """Unpack an archive into a new folder; return S3's answer about it.

    Arguments:
        url: begins with `s3://`.
        folder: must not exist; its parent must.

    Raises:
        DeployError: S3 does not hand it out, or it is no archive that can be unpacked safely.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    with tempfile.TemporaryFile(dir=folder.parent) as file:
        with translated(f"reading {url}"):
            answer: Mapping[str, Any] = client.get_object(Bucket=bucket, Key=key)
            shutil.copyfileobj(answer["Body"], file)
        file.seek(0)
        try:
            extract([file], folder)
        except UnsafeArchiveError as error:
            message = f"{url}: {error}"
            raise DeployError(message, hint="pack the model anew: `tar -czf model.tar.gz -C FOLDER .`") from error
    return answer
