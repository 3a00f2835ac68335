"""Lambda functions made in a test's sandbox."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

from running_sandbox import Sandbox

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def zipped(source: str, **files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"handler": source, **files}.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)  # the same time for all: equal sources, equal bytes
    return buffer.getvalue()


def role(sandbox: Sandbox, name: str = "function", *, statements: list[dict[str, Any]] | None = None) -> str:
    """Return the ARN of a role, made when it does not exist; by default it may write logs."""
    iam = sandbox.client("iam")
    try:
        return iam.get_role(RoleName=name)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = statements if statements is not None else [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    if allowed:
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document)
    return arn


def make_function(sandbox: Sandbox, name: str, source: str, **settings: Any) -> str:
    """Create a function whose handler is `main` and return its ARN."""
    wanted = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "handler.main",
        "Code": {"ZipFile": zipped(source)},
        "Role": settings.pop("Role", None) or role(sandbox),
        **settings,
    }
    given = {key: value for key, value in wanted.items() if value is not None}
    return sandbox.client("lambda").create_function(**given)["FunctionArn"]


class Invoked:
    """What an invocation gave back."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status = answer["StatusCode"]
        self.error = answer.get("FunctionError")
        self.version = answer.get("ExecutedVersion")
        self.text = answer["Payload"].read().decode()
        self.log = base64.b64decode(answer.get("LogResult", "")).decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def invoke(sandbox: Sandbox, name: str, event: Any = None, **settings: Any) -> Invoked:
    payload = json.dumps(event).encode()
    return Invoked(sandbox.client("lambda").invoke(FunctionName=name, Payload=payload, LogType="Tail", **settings))
