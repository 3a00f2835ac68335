"""One daemon per folder: it starts once, says where it is, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from running_sandbox import Sandbox, eventually

from mldeploy.errors import DeployError
from mldeploy_sandbox import client
from mldeploy_sandbox.cli import sandbox as cli

ENSURE = """
import sys
from pathlib import Path
from mldeploy_sandbox import client
running = client.ensure(Path(sys.argv[1]), kept=False)
print(running.pid, running.started_here)
"""
LOADED = """
import sys
import mldeploy_sandbox.cli
print([name for name in ("boto3", "botocore", "moto", "flask", "werkzeug") if name in sys.modules])
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "sandbox"
    client.stop(tmp_path / "sandbox")


def test_two_starters_get_one_daemon(folder):
    starters = [
        subprocess.Popen([sys.executable, "-c", ENSURE, str(folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [starter.communicate()[0].split() for starter in starters]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(started for _, started in answers) == ["False", "False", "True"]


def test_stop_ends_the_daemon_its_services_and_its_port(folder):
    running = client.ensure(folder, kept=False)
    service = Sandbox(running, folder)
    pid = service.invoke(service.deploy("short"))["pid"]
    assert client.stop(folder) is True
    assert not is_alive(pid)
    assert client.find(folder) is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(running.url.rsplit(":", 1)[1])))
    assert {path.name for path in folder.iterdir()} == {"alive.lock", "start.lock", "sandbox.log"}
    assert client.stop(folder) is False


def test_services_die_with_a_killed_daemon_and_the_next_one_starts_clean(folder):
    running = client.ensure(folder, kept=False)
    service = Sandbox(running, folder)
    pid = service.invoke(service.deploy("orphan"))["pid"]
    os.kill(running.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))
    assert client.find(folder) is None
    again = client.ensure(folder, kept=False)
    assert again.started_here
    assert client.inventory(again) == []


def test_only_the_owner_can_read_the_token(folder):
    running = client.ensure(folder, kept=False)
    file = folder / "sandbox.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert json.loads(file.read_text()) == {
        "pid": running.pid,
        "url": running.url,
        "token": running.token,
        "started": client.status(folder).started,
        "mode": running.mode,
        "kept": False,
    }
    assert client.ensure(folder, kept=True).started_here is False
    assert client.status(folder).kept is True


def test_port_that_is_taken_is_said_with_the_log(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeployError) as caught:
            client.ensure(folder, kept=False, port=port)
    assert caught.value.details[-1].startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")


def test_commands_up_status_down(tmp_path, monkeypatch):
    (tmp_path / "release.yaml").touch()
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    run = CliRunner().invoke
    try:
        exports = dict(line.removeprefix("export ").split("=", 1) for line in run(cli, ["up"]).stdout.splitlines())
        found = client.status(tmp_path / ".mldeploy" / "sandbox")
        assert exports["AWS_ENDPOINT_URL"] == found.url
        assert set(exports) >= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
        document = json.loads(run(cli, ["status", "--json"]).stdout)
        assert (document["running"], document["kept"], document["resources"]) == (True, True, [])
        assert found.url in run(cli, ["status"]).stdout
    finally:
        down = run(cli, ["down"])
    assert (down.exit_code, down.stderr) == (0, "stopped\n")
    assert json.loads(run(cli, ["status", "--json"]).stdout) == {"running": False}


def test_command_module_loads_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_deleting_everything_leaves_an_empty_inventory(folder):
    service = Sandbox(client.ensure(folder, kept=False), folder)
    service.deploy("all")
    assert client.inventory(service.running)
    sagemaker = service.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="all")
    eventually(lambda: not sagemaker.list_endpoints()["Endpoints"])
    sagemaker.delete_endpoint_config(EndpointConfigName="all-1")
    sagemaker.delete_model(ModelName="all-1")
    service.client("logs").delete_log_group(logGroupName="/aws/sagemaker/Endpoints/all")
    service.client("ecr").delete_repository(repositoryName="services", force=True)
    service.client("iam").delete_role(RoleName="sagemaker")
    assert client.inventory(service.running) == []


def test_many_callers_at_once_are_all_served(folder):
    service = Sandbox(client.ensure(folder, kept=False), folder)
    name = service.deploy("crowded")
    logs = service.client("logs")

    def call(number: int) -> str:
        logs.create_log_group(logGroupName=f"/crowd/{number}")
        return service.invoke(name, str(number).encode())["body"]

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(call, range(24))) == [str(number) for number in range(24)]
    assert len(logs.describe_log_groups(logGroupNamePrefix="/crowd/")["logGroups"]) == 24
