"""The plugin `image`: the service's environment, its trained model, and the image that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws",)


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the key `image`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415

    return shipped_fragment("image")


@hookimpl
def mldeploy_build(release: Release) -> Iterator[Step | Problem]:
    """Describe environment, model, repository and image."""
    from mldeploy_container.steps import describe  # noqa: PLC0415

    return describe(release)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive what is built."""
    from mldeploy_container.image_scans import ImageScanDriver  # noqa: PLC0415
    from mldeploy_container.images import ImageDriver  # noqa: PLC0415
    from mldeploy_container.models import ModelFolderDriver, TrainedModelDriver  # noqa: PLC0415
    from mldeploy_container.pinned_models import (  # noqa: PLC0415
        PinnedArchiveDriver,
        RegisteredModelDriver,
        UnpackedArchiveDriver,
    )
    from mldeploy_container.python_environments import PythonEnvironmentDriver  # noqa: PLC0415
    from mldeploy_container.repositories import RepositoryDriver  # noqa: PLC0415

    return {
        "AWS::ECR::Repository": RepositoryDriver(context),
        "mldeploy::Image": ImageDriver(context),
        "mldeploy::ImageScan": ImageScanDriver(context),
        "mldeploy::ModelFolder": ModelFolderDriver(context),
        "mldeploy::PinnedArchive": PinnedArchiveDriver(context),
        "mldeploy::PythonEnvironment": PythonEnvironmentDriver(context),
        "mldeploy::RegisteredModel": RegisteredModelDriver(context),
        "mldeploy::TrainedModel": TrainedModelDriver(context),
        "mldeploy::UnpackedArchive": UnpackedArchiveDriver(context),
    }
