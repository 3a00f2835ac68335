"""`mldeploy model pin`: write down which version of a model from elsewhere is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import environment

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_container.pins import Pin


@click.group()
def model() -> None:
    """Work with models that come from S3 or a registry."""


@model.command()
@environment
def pin(*, file: Path, env: str) -> None:
    """Find out what model.source stands for now, and write that to model.lock.json."""
    from mldeploy import Context  # noqa: PLC0415 - `mldeploy --help` imports this file
    from mldeploy.events import unseen  # noqa: PLC0415
    from mldeploy.plugins import installed, load_plugins  # noqa: PLC0415
    from mldeploy.session import Session  # noqa: PLC0415
    from mldeploy_container.pins import write_pin  # noqa: PLC0415

    release = Session(file, env, unseen).load()
    names = [name for name in (env, "aws") if name in installed()]
    context = Context(
        name=release.name,
        env=env,
        root=release.root,
        config=release.config,
        tags=release.tags,
        find_provider=load_plugins(names, release.root).provider,
        emit=unseen,
    )
    try:
        found = resolve(context, str(release.value("model.source")))
    finally:
        context.close()
    written = write_pin(release.root, found)
    click.echo(f"{found.source} is version {found.version}, sha256 {found.sha256[:12]}, at {found.url}")
    click.echo(f"wrote {written.name}; commit it, and `mldeploy plan` shows what changes")


def resolve(context: Context, source: str) -> Pin:
    """Return what a source stands for now.

    Raises:
        UsageError: it is a folder, or there is no such model.
        RefusedError: it is not approved.
        DeployError: the registry or S3 does not answer.
    """
    from mldeploy.errors import UsageError  # noqa: PLC0415

    scheme, _, rest = source.partition(":")
    if scheme == "mlflow":
        return _mlflow(source, rest)
    if scheme == "sagemaker":
        return _package(context, source, rest)
    if scheme == "s3":
        return _archive(context, source, source, "")
    message = f"{source} is a folder of this project; its files are pinned when they are built"
    raise UsageError(message, hint="only s3:// archives and models of a registry need a pin")


def _mlflow(source: str, rest: str) -> Pin:
    import tempfile  # noqa: PLC0415

    from mldeploy.model_files import model_digest  # noqa: PLC0415
    from mldeploy_container.mlflow_registry import MlflowRegistry  # noqa: PLC0415
    from mldeploy_container.pins import Pin  # noqa: PLC0415

    registry = MlflowRegistry()
    name, _, alias = rest.partition("@")
    name, _, version = name.partition("/")
    version = version or registry.version_of(name, alias)
    url = registry.address_of(name, version)
    with tempfile.TemporaryDirectory() as folder:
        registry.download(url, Path(folder))
        digest = model_digest(Path(folder))
    return Pin(source=source, version=version, url=url, sha256=digest)


def _package(context: Context, source: str, rest: str) -> Pin:
    from mldeploy_container.package_registry import package_of  # noqa: PLC0415

    group, _, version = rest.partition("/")
    package = package_of(context.provider("aws").client("sagemaker"), group, version)
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return _archive(context, source, url, str(package["ModelPackageArn"]))


def _archive(context: Context, source: str, url: str, version: str) -> Pin:
    import tempfile  # noqa: PLC0415

    from mldeploy.model_files import model_digest  # noqa: PLC0415
    from mldeploy_container.pins import Pin  # noqa: PLC0415
    from mldeploy_container.s3_archives import fetch  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "model"
        answer = fetch(context.provider("aws").client("s3"), url, unpacked)
        digest = model_digest(unpacked)
    etag = answer["ETag"].strip('"')
    return Pin(source=source, version=version or answer.get("VersionId", etag), url=url, sha256=digest, etag=etag)
