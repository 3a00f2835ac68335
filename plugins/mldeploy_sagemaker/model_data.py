"""mldeploy::ModelData: the model folder as model.tar.gz in S3."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mldeploy import DeployError, Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy.model_files import model_digest, model_paths
from mldeploy_aws.buckets import BucketDriver
from mldeploy_aws.driver import AwsDriver, found_or_none

GONE = ("404", "NoSuchKey", "NoSuchBucket")
FOLDER = "models"
PIN = "model-sha256"
"""The object's metadata that holds the hash of what was packed."""


class ModelDataDriver(AwsDriver):
    """Spec: BucketName, Source (the model's folder), Sha256 (its pin). Outputs: ModelDataUrl, ModelSha256."""

    service = "s3"
    parents = ("BucketName",)

    def find(self, step: Step) -> Observed | None:
        """Return the archive if it is there with the pin that we gave it; whoever overwrites it loses that."""
        bucket = step.spec["BucketName"]
        head = found_or_none(lambda: self.client.head_object(Bucket=bucket, Key=_key(step)), *GONE)
        if head is None or PIN not in head["Metadata"]:
            return None
        return Observed(outputs=_outputs(step, head["Metadata"][PIN]))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Pack the folder and upload it.

        Raises:
            DeployError: the folder is not the one that was pinned when it was built.
        """
        folder, pin = Path(step.spec["Source"]), step.spec["Sha256"]
        found = model_digest(folder)
        if found != pin:
            message = f"the model folder {folder.name} has changed since it was built: {found[:12]} is not {pin[:12]}"
            raise DeployError(message, hint="run again; a change in its inputs trains the model anew")
        self.client.put_object(Bucket=step.spec["BucketName"], Key=_key(step), Body=pack(folder), Metadata={PIN: found})
        return _outputs(step, found)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the key is enough
        """Delete the archive."""
        self.client.delete_object(Bucket=step.spec["BucketName"], Key=_key(step))

    def candidates(self) -> Iterable[Step]:
        """Yield the archives in buckets that carry our tags."""
        for bucket in BucketDriver(self.context).candidates():
            observed = BucketDriver(self.context).find(bucket)
            if observed is None or not observed.owned:
                continue
            place = {"BucketName": observed.outputs["BucketName"]}
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=place["BucketName"], Prefix=f"{FOLDER}/"
            )
            for item in (item for page in pages for item in page.get("Contents", [])):
                name = item["Key"].split("/")[1]
                yield Step(kind="mldeploy::ModelData", name=name, phase=Phase.BUILD, spec=place)


def pack(folder: Path) -> bytes:
    """Return a gzipped tar of a model folder's files, the same bytes for the same contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in model_paths(folder):
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _key(step: Step) -> str:
    return f"{FOLDER}/{step.name}/model.tar.gz"


def _outputs(step: Step, digest: str) -> Mapping[str, JSON]:
    return {"ModelDataUrl": f"s3://{step.spec['BucketName']}/{_key(step)}", "ModelSha256": digest}
