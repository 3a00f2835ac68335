"""Answers of moto that strict clients choke on are mended."""

from __future__ import annotations

import json

import pytest

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.output import mended
from mldeploy_sandbox.protocols import Route, find_route
from mldeploy_sandbox.scope import Scope


def route(service: str, target: str) -> Route:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "HTTP_X_AMZ_TARGET": target,
    }
    return find_route(environ, Scope(signing_name=service, region="eu-central-1"))


@pytest.mark.parametrize(
    ("moto", "client"),
    [
        ({"ModelName": "m", "VpcConfig": {}}, {"ModelName": "m"}),
        ({"ModelName": "m", "ExecutionRoleArn": None}, {"ModelName": "m"}),
        ({"Containers": [{"ImageConfig": {}, "Image": "i"}]}, {"Containers": [{"Image": "i"}]}),
        ({"PrimaryContainer": {}}, {"PrimaryContainer": {}}),
    ],
)
def test_hollow_structures_are_dropped_and_nothing_else(moto, client):
    answer = Answer(status=200, headers=[], body=json.dumps(moto).encode())
    assert json.loads(mended(route("sagemaker", "SageMaker.DescribeModel"), answer).body) == client
