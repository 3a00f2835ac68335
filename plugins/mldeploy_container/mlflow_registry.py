"""MLflow's model registry and artifact proxy, through the documented REST API.

Source: MLflow documentation, "REST API" (registered-models/alias, model-versions/get, get-download-uri,
mlflow-artifacts). Address and credentials come from the variables that MLflow's own client reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from mldeploy.errors import DeployError, UsageError

SECONDS = 60
CHUNK_BYTES = 1024 * 1024
PROXIED = "mlflow-artifacts"


class MlflowRegistry:
    """One tracking server."""

    def __init__(self) -> None:
        address = os.environ.get("MLFLOW_TRACKING_URI", "")
        if not address.startswith(("http://", "https://")):
            message = "MLFLOW_TRACKING_URI names no MLflow server"
            raise UsageError(message, hint="set it to the server's address, for example https://mlflow.example.com")
        self._address = address.rstrip("/")
        self._http = requests.Session()
        token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"
        elif user:
            self._http.auth = (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))

    def version_of(self, name: str, alias: str) -> str:
        """Return the version that an alias stands for now."""
        answer = self._get("mlflow/registered-models/alias", name=name, alias=alias)
        return str(answer["model_version"]["version"])

    def address_of(self, name: str, version: str) -> str:
        """Return where the files of a version lie.

        Raises:
            DeployError: the version is not ready, or its files are not reachable through this server.
        """
        status = self._get("mlflow/model-versions/get", name=name, version=version)["model_version"].get("status")
        if status not in (None, "READY"):
            message = f"version {version} of {name} is {status} in MLflow"
            raise DeployError(message, hint="wait until it is READY, or choose another version")
        address = str(self._get("mlflow/model-versions/get-download-uri", name=name, version=version)["artifact_uri"])
        if urlsplit(address).scheme != PROXIED:
            message = f"the files of {name} version {version} lie at {address}, which this server does not hand out"
            raise DeployError(message, hint="start MLflow with --serve-artifacts, or name the archive as s3://…")
        return address

    def download(self, address: str, folder: Path) -> None:
        """Write the files of a version into an empty folder.

        Raises:
            DeployError: a name leads out of the folder, or the server fails.
        """
        root = urlsplit(address).path.strip("/")
        for name in self._files(root, PurePosixPath()):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            path = quote(f"{root}/{name.as_posix()}")
            with (
                self._request(f"mlflow-artifacts/artifacts/{path}", {}, stream=True) as answer,
                target.open("wb") as file,
            ):
                for chunk in answer.iter_content(CHUNK_BYTES):
                    file.write(chunk)

    def _files(self, root: str, below: PurePosixPath) -> Iterator[PurePosixPath]:
        listed = self._get("mlflow-artifacts/artifacts", path=f"{root}/{below.as_posix()}".removesuffix("/."))
        for entry in listed.get("files", []):
            name = PurePosixPath(entry["path"])
            if name.is_absolute() or len(name.parts) != 1 or name.name in ("", ".."):
                message = f"MLflow lists a file called {entry['path']!r}, which leads out of the folder"
                raise DeployError(message, hint="somebody tampered with the artifacts; choose another version")
            if entry.get("is_dir"):
                yield from self._files(root, below / name)
            else:
                yield below / name

    def _get(self, endpoint: str, /, **query: str) -> Mapping[str, Any]:
        with self._request(endpoint, query) as answer:
            found: Mapping[str, Any] = answer.json()
        return found

    def _request(self, endpoint: str, query: Mapping[str, str], *, stream: bool = False) -> requests.Response:
        url = f"{self._address}/api/2.0/{endpoint}"
        try:
            answer = self._http.get(url, params=dict(query), timeout=SECONDS, stream=stream)
            answer.raise_for_status()
        except requests.RequestException as error:
            told = error.response.text[:200] if error.response is not None else str(error)
            message = f"MLflow at {self._address} does not answer {endpoint}: {told}"
            raise DeployError(message, hint="check the name, the version or alias, and MLFLOW_TRACKING_*") from error
        return answer
