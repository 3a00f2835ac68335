"""Models that come from elsewhere, in the version that `mldeploy model pin` wrote down."""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from mldeploy import Context, DeployError, Observed, RefusedError, Step
from mldeploy.model import JSON
from mldeploy.model_files import model_digest
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_container.package_registry import unapproved
from mldeploy_container.s3_archives import fetch

GONE = ("404", "NoSuchKey", "NoSuchBucket")


class FetchedModel(ABC):
    """The files of one version of a model, in a folder of this machine; what is fetched is compared with the pin."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    def fetch(self, step: Step, folder: Path) -> None:
        """Fetch the files into a new folder."""

    def read(self, step: Step) -> Observed | None:
        """Return the files if they were fetched and are unchanged."""
        folder = self._folder(step)
        if not folder.is_dir() or model_digest(folder) != step.spec["Sha256"]:
            return None
        return Observed(outputs=self._outputs(step))

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - fetched whole
        """Fetch the files; they appear only when they are complete and have the pinned hash.

        Raises:
            DeployError: who has them does not answer, or hands out other files.
        """
        folder = self._folder(step)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            model = Path(fresh) / "model"
            self.fetch(step, model)
            if model_digest(model) != step.spec["Sha256"]:
                message = (
                    f"{step.spec['Source']} version {step.spec['Version']} has other files than when it was pinned"
                )
                raise DeployError(message, hint="find out who changed them; `mldeploy model pin` accepts what is there")
            shutil.rmtree(folder, ignore_errors=True)
            model.rename(folder)
        return self._outputs(step)

    def delete(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Remove the fetched files."""
        shutil.rmtree(self._folder(step), ignore_errors=True)

    def _folder(self, step: Step) -> Path:
        return self.context.workdir / "models" / step.name

    def _outputs(self, step: Step) -> Mapping[str, JSON]:
        return {"Path": str(self._folder(step)), "Sha256": step.spec["Sha256"]}


class RegisteredModelDriver(FetchedModel):
    """mldeploy::RegisteredModel: files of MLflow's registry.

    Spec: Source, Version, Url, Sha256. Outputs: Path, Sha256.
    """

    def fetch(self, step: Step, folder: Path) -> None:
        """Ask MLflow for the files."""
        from mldeploy_container.mlflow_registry import MlflowRegistry  # noqa: PLC0415 - requests loads where needed

        folder.mkdir()
        MlflowRegistry().download(step.spec["Url"], folder)


class UnpackedArchiveDriver(FetchedModel):
    """mldeploy::UnpackedArchive: files of an archive in S3.

    Spec: Source, Version, Url, Sha256. Outputs: Path, Sha256.
    """

    def fetch(self, step: Step, folder: Path) -> None:
        """Ask S3 for the archive, and unpack it."""
        fetch(self.context.provider("aws").client("s3"), step.spec["Url"], folder)


class PinnedArchiveDriver(AwsDriver):
    """mldeploy::PinnedArchive: a model.tar.gz in S3. Spec: Source, Version, Url, ETag, Sha256, PackageArn.

    Outputs: ModelDataUrl, ModelSha256. The archive is the user's: it is looked at, never made.
    """

    service = "s3"

    def find(self, step: Step) -> Observed | None:
        """Return the archive if it is still the pinned one and may still be deployed."""
        if self._objection(step) is not None:
            return None
        return Observed(outputs={"ModelDataUrl": step.spec["Url"], "ModelSha256": step.spec["Sha256"]})

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Explain why it cannot be used: there is nothing to make it from.

        Raises:
            RefusedError: always.
        """
        message = self._objection(step) or f"{step.spec['Url']} has just come back"
        raise RefusedError(message, hint="put things right there and run again, or pin another: `mldeploy model pin`")

    def remove(self, step: Step, observed: Observed) -> None:
        """Do nothing: the archive is the user's."""

    def _objection(self, step: Step) -> str | None:
        """Return what keeps the archive from being deployed."""
        url, source = step.spec["Url"], step.spec["Source"]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        head = found_or_none(lambda: self.client.head_object(Bucket=bucket, Key=key), *GONE)
        if head is None:
            return f"there is no {url}, which {source} was pinned to"
        if head["ETag"].strip('"') != step.spec["ETag"]:
            return f"{url} was overwritten since {source} was pinned to it: its ETag has changed"
        arn = step.spec.get("PackageArn")
        return unapproved(self.aws.client("sagemaker").describe_model_package(ModelPackageName=arn)) if arn else None
