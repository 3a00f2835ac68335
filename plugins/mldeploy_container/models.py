"""The model on this machine: trained by the project's own script, or a folder that is there.

Its hash is pinned here (`Sha256`); what is uploaded and what the service loads is compared with it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mldeploy import Context, DeployError, Observed, RefusedError, Step, Task
from mldeploy.model import JSON
from mldeploy.model_files import digest_of, manifest, model_digest
from mldeploy.pickles import SAFER, find_pickles
from mldeploy_container.programs import run
from mldeploy_container.python_environments import bytecode_settings, python_of


class TrainedModelDriver:
    """Spec: InputsSha256, Environment. Settings: Script, AllowPickle. Outputs: Path, Sha256.

    The checksums are kept beside the folder: a change in the folder does not change what was pinned, and a folder that
    differs from them counts as absent.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return the trained model if it was finished and is still what it was.

        Raises:
            RefusedError: it holds pickles, and they are not allowed any more.
        """
        folder, checksums = self._folder(step), self._checksums(step)
        if not (folder.is_dir() and checksums.is_file()):
            return None
        pinned = checksums.read_text(encoding="utf-8")
        if manifest(folder) != pinned:
            return None
        _refuse_pickles(step, folder)
        return Observed(outputs={"Path": str(folder), "Sha256": digest_of(pinned)})

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - always from scratch
        """Run the script in the service's environment; its output appears only when it is complete.

        Raises:
            DeployError: the script fails or writes nothing.
            RefusedError: it wrote pickles, and they are not allowed.
        """
        folder, root = self._folder(step), self._context.root
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            output = Path(fresh) / "model"
            command = [python_of(step.spec["Environment"]), step.settings["Script"], "--output", str(output)]
            variables = bytecode_settings(step.spec["Environment"])
            run(command, folder=root, say=lambda line: self._context.progress(step.id, line), environment=variables)
            listed = manifest(output) if output.is_dir() else ""
            if not listed:
                message = f"{step.settings['Script']} wrote no model"
                raise DeployError(message, hint="it is called with `--output FOLDER` and has to fill that folder")
            _refuse_pickles(step, output)
            output.rename(folder)
        self._checksums(step).write_text(listed, encoding="utf-8")
        return {"Path": str(folder), "Sha256": digest_of(listed)}

    def delete(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Remove the model's folder and its checksums."""
        self._checksums(step).unlink(missing_ok=True)
        shutil.rmtree(self._folder(step), ignore_errors=True)

    def _folder(self, step: Step) -> Path:
        return self._context.workdir / "models" / step.name

    def _checksums(self, step: Step) -> Path:
        return self._context.workdir / "models" / f"{step.name}.sha256sums"


def _refuse_pickles(step: Step, folder: Path) -> None:
    if not step.settings.get("AllowPickle") and (found := find_pickles(folder)):
        message = f"{step.settings['Script']} wrote a pickle: {', '.join(found)}"
        raise RefusedError(message, hint=f"save the model as {SAFER}, or set `model: {{allowPickle: true}}`")


class ModelFolderDriver(Task):
    """Spec: Sha256. Settings: Path. Outputs: Path, Sha256. The folder is the user's: looked at, never made."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Return the folder if it still has the content that the step names.

        Raises:
            DeployError: it has not (a rollback to a model that is neither here nor in S3).
        """
        folder = self._context.root / step.settings["Path"]
        if not folder.is_dir() or model_digest(folder) != step.spec["Sha256"]:
            message = f"{step.settings['Path']} no longer has the content {step.spec['Sha256'][:12]}"
            raise DeployError(message, hint="put the model files back (git checkout), then run again")
        return {"Path": str(folder), "Sha256": step.spec["Sha256"]}
