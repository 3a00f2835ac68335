"""A Debian base image, an image built on it and a container of that: by buildah and runc, without any registry."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mldeploy_sandbox.tls_authority import server_certificate

NEEDED = ("mmdebstrap", "buildah", "runc")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = Path("/etc/pip.conf")
DROP_RIGHTS = ["CAP_SETUID", "CAP_SETGID"]
"""What Docker gives every container and `runc spec` does not."""


def require_tools() -> None:
    """Skip, with the reason, where images cannot be built."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian packages of the same names)")
    if os.getuid() != 0:
        pytest.skip("building in chroot isolation needs root")


@contextmanager
def own_storage(folder: Path) -> Iterator[None]:
    """Keep buildah's images in a folder of ours, and remove all of them at the end.

    Chroot isolation works where namespaces cannot be nested (buildah-build(1)).
    """
    paths = f'runroot = "{folder / "run"}"\ngraphroot = "{folder / "images"}"\n'
    (folder / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\n{paths}')
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("CONTAINERS_STORAGE_CONF", str(folder / "storage.conf"))
        variables.setenv("BUILDAH_ISOLATION", "chroot")
        try:
            yield
        finally:
            run("buildah", "rm", "--all")
            run("buildah", "rmi", "--all", "--force")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def build_base(folder: Path, tag: str) -> None:
    """Make what stands in for `python:3.11-slim`: Debian with its Python, and this machine's way to packages."""
    packages = "--include=python3,python3-pip,python3-venv,ca-certificates"
    run("mmdebstrap", "--variant=minbase", packages, "bookworm", folder / "debian.tar")
    lines = ["FROM scratch", "ADD debian.tar /", "RUN ln -s python3 /usr/bin/python"]
    for path in (CERTIFICATES, PIP_SETTINGS):
        if path.is_file():
            shutil.copy(path, folder / path.name)
            lines.append(f"COPY {path.name} {path}")
    lines.append(f"ENV PIP_CERT={CERTIFICATES}")
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    run("buildah", "build", "--format", "docker", "--tag", tag, ".", cwd=folder)
    (folder / "debian.tar").unlink()


def local_package_folders() -> list[str]:
    """Return options that show the container the folders that pip's settings name."""
    text = PIP_SETTINGS.read_text() if PIP_SETTINGS.is_file() else ""
    named = [Path(found) for found in re.findall(r"(?:file://|=\s*)(/[^\s]+)", text)]
    return [f"--volume={path.parent}:{path.parent}:ro" for path in named if path.is_dir()]


@dataclass(frozen=True)
class Container:
    name: str
    process: subprocess.Popen[str]
    url: str

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["runc", "exec", self.name, *command], capture_output=True, text=True, check=False)

    def process_status(self) -> dict[str, str]:
        """Return /proc/PID/status of the container's first process."""
        pid = json.loads(run("runc", "state", self.name))["pid"]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def send(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()

    def wait_until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.send("/ping")[0] == 200:
                    return
            except (urllib.error.HTTPError, OSError):
                assert self.process.poll() is None, self.process.communicate()[0]
                time.sleep(0.05)
        raise AssertionError("the container did not become ready")


@contextmanager
def running(image: str, folder: Path, model: Path, **environment: str) -> Iterator[Container]:
    """Run an image as SageMaker does: `serve`, as root, with the model mounted; the root file system is read-only."""
    config = json.loads(run("buildah", "inspect", "--type", "image", image))["Docker"]["config"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    working = run("buildah", "from", "--pull-never", image).strip()
    try:
        root = run("buildah", "mount", working).strip()
        variables = {"HOST": "127.0.0.1", "PORT": str(port), **environment}
        _write_bundle(folder, root, config, model, variables)
        process = subprocess.Popen(
            ["runc", "run", "--bundle", str(folder), working],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Container(working, process, f"http://127.0.0.1:{port}")
        finally:
            subprocess.run(["runc", "delete", "--force", working], capture_output=True, check=False)
            process.wait(timeout=20)
    finally:
        run("buildah", "rm", working)


def _write_bundle(folder: Path, root: str, config: dict, model: Path, variables: dict[str, str]) -> None:
    folder.mkdir()
    run("runc", "spec", "--bundle", folder)
    spec = json.loads((folder / "config.json").read_text())
    spec["root"] = {"path": root, "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "args": [*config["Entrypoint"], "serve"],
        "cwd": config["WorkingDir"],
        "env": [*config["Env"], *(f"{key}={value}" for key, value in variables.items())],
    }
    for rights in spec["process"]["capabilities"].values():
        rights.extend(DROP_RIGHTS)
    spec["linux"]["namespaces"] = [kind for kind in spec["linux"]["namespaces"] if kind["type"] != "network"]
    spec["mounts"] += [
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]},
        {"destination": "/opt/ml/model", "type": "bind", "source": str(model), "options": ["rbind", "ro"]},
    ]
    (folder / "config.json").write_text(json.dumps(spec))


@dataclass(frozen=True)
class Registry:
    """Docker's own registry on this machine."""

    address: str
    authorities: Path

    def get(self, path: str, accept: str = "*/*") -> dict:
        """Return a manifest or a blob of a repository as JSON."""
        request = urllib.request.Request(f"https://{self.address}/v2/{path}", headers={"Accept": accept})
        trust = ssl.create_default_context(cafile=str(self.authorities))
        with urllib.request.urlopen(request, timeout=10, context=trust) as response:
            return json.load(response)


@contextmanager
def running_registry(folder: Path) -> Iterator[Registry]:
    """Run a registry on a free port, with TLS."""
    if shutil.which("docker-registry") is None:
        pytest.skip("not installed: docker-registry (the Debian package of that name)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    files = server_certificate(folder / "tls")
    tls = {"certificate": str(files.certificate), "key": str(files.key)}
    storage = {"filesystem": {"rootdirectory": str(folder / "images")}}
    settings = folder / "registry.yml"
    settings.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": address, "tls": tls}}))
    # no variables of ours: it would take buildah's REGISTRY_AUTH_FILE for a setting of its own
    with subprocess.Popen(["docker-registry", "serve", settings], env={}, stderr=subprocess.DEVNULL) as process:
        try:
            found = Registry(address, files.bundle)
            _wait_for(found)
            yield found
        finally:
            process.terminate()


def _wait_for(found: Registry, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            found.get("")
        except OSError:
            assert time.monotonic() < deadline, f"{found.address} never answered"
            time.sleep(0.05)
        else:
            return
