"""An inline plugin (`mldeploy_plugin.py`): things are files in the folder `world`; used by test_commands.py."""

from __future__ import annotations

import time

from mldeploy import Observed, Phase, Step, Task, VerifyError, hookimpl
from mldeploy.doors import Answer, LogLine


@hookimpl
def mldeploy_schema():
    words = {"type": "array", "items": {"type": "string"}, "default": []}
    properties = {"things": words, "slow": words, "check": {"type": "string", "default": "pass"}}
    return {
        "type": "object",
        "properties": {
            "toy": {"type": "object", "additionalProperties": False, "default": {}, "properties": properties}
        },
    }


@hookimpl
def mldeploy_provision(release):
    for name in release.value("toy.things"):
        yield Step(kind="Toy::File", name=name, phase=Phase.PROVISION)
    for name in release.value("toy.slow"):
        yield Step(kind="Toy::Slow", name=name, phase=Phase.PROVISION)


@hookimpl
def mldeploy_expose(release):
    yield Step(kind="Toy::File", name="api", phase=Phase.EXPOSE, provides="api")


@hookimpl
def mldeploy_verify(release):
    yield Step(kind="Toy::Check", name="check", phase=Phase.VERIFY, spec={"Check": release.value("toy.check")})


@hookimpl
def mldeploy_drivers(context):
    return {"Toy::File": Files(context), "Toy::Slow": SlowFiles(context), "Toy::Check": Check()}


@hookimpl
def mldeploy_provider(kind, context):
    return {"caller": Caller(context), "logs": Logs()}.get(kind)


class Files:
    def __init__(self, context):
        self.context = context
        self.folder = context.root / "world"

    def read(self, step):
        return Observed(outputs={"Url": "toy:api"}) if (self.folder / step.name).exists() else None

    def apply(self, step, observed):
        self.folder.mkdir(exist_ok=True)
        (self.folder / step.name).touch()
        return {"Url": "toy:api"}

    def delete(self, step, observed):
        (self.folder / step.name).unlink()


class SlowFiles(Files):
    """Says that it has started, then waits for the file `go`, deaf to interruptions."""

    def apply(self, step, observed):
        self.context.progress(step.id, "waiting")
        deadline = time.monotonic() + 60
        while not (self.context.root / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return super().apply(step, observed)


class Check(Task):
    def apply(self, step, observed):
        if step.spec["Check"] != "pass":
            raise VerifyError("the check says no")
        return {}


class Caller:
    url = "toy:api"

    def __init__(self, context):
        self.context = context

    def credentials(self):
        return {"x-api-key": "the-key"}

    def send(self, body, headers):
        status = 500 if b"fail" in body else 200
        return Answer(status=status, headers={"x-cache": "HIT"}, body=body + headers["x-api-key"].encode(), seconds=0.1)


class Logs:
    def lines(self, *, since_seconds, follow):
        yield LogLine(time="2025-01-01T00:00:00Z", source="toy", text=f"since {since_seconds:.0f}")
