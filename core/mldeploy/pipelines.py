"""The CI pipelines of a project: templates in which only checked names are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.resources import data_folder

if TYPE_CHECKING:
    from mldeploy.model import JSON

PIPELINE_FOLDERS = (".circleci", ".github")
TEMPLATE_SUFFIX = ".jinja"
PART_SUFFIX = ".part.jinja"
"""What several templates include; not a file of its own in a project."""
PROMOTION = ("dev", "qa", "staging", "prod")
"""The order in which a release goes through the environments that everybody knows; others come first."""
LOCAL = "local"
TOOLS = {"uv_version": "0.13.9", "sonar_version": "1.10.0.5888", "cyclonedx_version": "7.5.0"}
"""Versions of the programs that pipelines install: uv, the SonarScanner for Python (`pysonar`) and `cyclonedx-bom`."""


def deployed_environments(document: Mapping[str, JSON]) -> list[str]:
    """Return the environments that release.yaml declares under `environments`, in the order of promotion."""
    declared = [name for name in document.get("environments") or {} if name != LOCAL]
    return sorted(declared, key=lambda name: PROMOTION.index(name) if name in PROMOTION else -1)


def pipeline_files(
    name: str, environments: Sequence[str], folders: Sequence[str] = PIPELINE_FOLDERS
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every pipeline.

    Arguments:
        name, environments: tokens that fit their patterns in release.yaml's schema, in the order of promotion.
        folders: whose pipelines; `.circleci`, `.github` or both.
    """
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only `init` and `ci write` render
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    root = data_folder("service_template")
    renderer = SandboxedEnvironment(  # CircleCI and GitHub have braces of their own
        loader=FileSystemLoader(root),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
    )
    for path in _templates(root, folders):
        text = renderer.get_template(path).render(name=name, environments=environments, **TOOLS)
        yield path.removesuffix(TEMPLATE_SUFFIX), text.encode()


def _templates(root: Path, folders: Sequence[str]) -> list[str]:
    found = (path for folder in folders for path in (root / folder).rglob(f"*{TEMPLATE_SUFFIX}"))
    return sorted(path.relative_to(root).as_posix() for path in found if not path.name.endswith(PART_SUFFIX))
