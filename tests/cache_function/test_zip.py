"""The zip that Lambda gets: always the same bytes, small, and enough by itself."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mldeploy_cache.bundle import HANDLER, code_sha256, function_zip
from mldeploy_cache.function.handler import Serving
from mldeploy_cache.function.settings import Settings
from tests.cache_function.calling import call, event

RUN = """
import json, sys
from importlib import import_module
module, name = sys.argv[1].rsplit(".", 1)
handle = getattr(import_module(module), name)
class Context: aws_request_id = "direct"
answer = handle(json.loads(sys.argv[2]), Context)
print(json.dumps({"answer": answer, "modules": sorted(sys.modules), "from": import_module(module).__file__}))
"""


@pytest.mark.req("5.1")
def test_the_bytes_do_not_depend_on_when_and_where_the_files_were_written(tmp_path: Path) -> None:
    program = "from mldeploy_cache.bundle import *; print(code_sha256(function_zip()))"
    command = [sys.executable, "-c", program]
    elsewhere = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert elsewhere == code_sha256(function_zip())
    entries = zipfile.ZipFile(io.BytesIO(function_zip())).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(entry.date_time, entry.external_attr >> 16, entry.compress_type) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)
    }


@pytest.mark.req("5.1")
def test_the_zip_is_small_and_holds_python_files_only() -> None:
    assert len(function_zip()) < 1_500_000
    names = zipfile.ZipFile(io.BytesIO(function_zip())).namelist()
    assert all(name.endswith(".py") for name in names)


@pytest.mark.req("5.1", "5.6")
def test_the_unpacked_zip_answers_a_hit_without_any_other_package(
    function: Callable[..., Serving], settings: Settings, tmp_path: Path
) -> None:
    sent = event({"instances": ["x"]})
    call(function(), sent)
    zipfile.ZipFile(io.BytesIO(function_zip())).extractall(tmp_path)
    release, _, generation = settings.release.rpartition(":")
    variables = {
        "ENDPOINT_NAME": settings.endpoint_name,
        "RELEASE": release,
        "GENERATION": generation,
        "REDIS_HOST": settings.redis_host,
        "REDIS_PORT": str(settings.redis_port),
        "REDIS_TLS": "false",
        "CACHE_TTL": "60",
        "CACHE_TTL_JITTER_PERCENT": "10",
        "ENDPOINT_TIMEOUT": "5",
        "MAX_BODY_BYTES": "6291456",
        "PYTHONPATH": str(tmp_path),
    }
    command = [sys.executable, "-S", "-c", RUN, HANDLER, json.dumps(sent)]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["answer"]["headers"]["X-Cache"] == "HIT"
    assert found["from"].startswith(str(tmp_path))
    assert not {"boto3", "botocore", "redis", "asyncio"} & set(found["modules"])
