"""Which pipelines a project should have, which it has, and writing the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mldeploy.errors import RefusedError, UsageError
from mldeploy.events import unseen
from mldeploy.pipelines import LOCAL, deployed_environments, pipeline_files
from mldeploy.session import Session
from mldeploy.yaml.positions import read_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The paths of pipelines that a project lacks, and of those that say something else."""

    missing: tuple[str, ...]
    different: tuple[str, ...]


def pipelines_of(file: Path, folders: Sequence[str]) -> Mapping[str, bytes]:
    """Return path → content of the pipelines for a release file.

    Arguments:
        folders: whose pipelines; `.circleci`, `.github` or both.

    Raises:
        ReleaseError: release.yaml cannot be used.
        UsageError: it declares no environment to deploy to.
    """
    release = Session(file, LOCAL, unseen).load()
    environments = deployed_environments(read_document(file).value)
    if not environments:
        message = f"{file} declares no environment to deploy to"
        raise UsageError(message, hint="list them under `environments`, for example `dev: {}` and `prod: {}`")
    return dict(pipeline_files(release.name, environments, folders))


def compare(root: Path, files: Mapping[str, bytes]) -> Comparison:
    """Compare the pipelines of a project folder with what they should be."""
    present = {path: (root / path).read_bytes() for path in files if (root / path).is_file()}
    return Comparison(
        missing=tuple(path for path in files if path not in present),
        different=tuple(path for path, content in present.items() if content != files[path]),
    )


def write_files(root: Path, files: Mapping[str, bytes], comparison: Comparison, *, force: bool) -> Iterator[str]:
    """Write what is missing or different, and yield each path.

    Raises:
        RefusedError: something would be replaced and `force` was not given; nothing was written.
    """
    if comparison.different and not force:
        message = f"these pipelines are not as mldeploy writes them: {', '.join(comparison.different)}"
        raise RefusedError(message, hint="commit them, replace them with --force, and look at `git diff`")
    for path in (*comparison.missing, *comparison.different):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(files[path])
        yield path
