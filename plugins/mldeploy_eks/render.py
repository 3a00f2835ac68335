"""`mldeploy render`: print the Kubernetes manifests of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import environment

if TYPE_CHECKING:
    from mldeploy import Step
    from mldeploy.model import JSON

UNKNOWN = "known-after-build"


@click.command()
@environment
def render(*, file: Path, env: str) -> None:
    """Print the Kubernetes manifests of a release.

    They are what `mldeploy run` applies, as YAML; neither AWS nor a cluster is asked.

    \b
    mldeploy render --env dev                                        read them
    mldeploy render --env dev | kubectl diff --server-side -f -      compare them with a cluster

    The image's digest is that of the newest recorded release with the same content; before a build it is a placeholder.
    """
    from mldeploy.errors import UsageError  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy.events import unseen  # noqa: PLC0415
    from mldeploy.session import Session  # noqa: PLC0415
    from mldeploy.yaml.writing import to_yaml  # noqa: PLC0415

    with Session(file, env, unseen).deployment(f"render --env {env}") as deployment:
        known = deployment.known_outputs if deployment.store.records() else (lambda _step: {})
        found = rendered(deployment.steps, known)
    if not found:
        message = f"nothing of this release runs on Kubernetes in environment '{env}'"
        raise UsageError(message, hint="`type: eks` in release.yaml serves there")
    click.echo("---\n".join(to_yaml(manifest) for manifest in found), nl=False)


def rendered(steps: Iterable[Step], outputs: Callable[[str], Mapping[str, JSON]]) -> list[JSON]:
    """Return the manifests of settled steps in the order of their dependencies.

    Arguments:
        outputs: what is known of a step by its id, such as the digest of an image.
    """
    from mldeploy.graph import replace_refs  # noqa: PLC0415 - see `render`
    from mldeploy_eks.serving import with_image  # noqa: PLC0415

    manifests = []
    for step in steps:
        if "Manifest" in step.spec:
            spec = replace_refs(step.spec, {ref: outputs(ref.step).get(ref.key, UNKNOWN) for ref in step.refs()})
            image = f"{spec['RepositoryUri']}@{spec['Digest']}" if "Digest" in spec else ""
            manifests.append(with_image(spec["Manifest"], image) if image else spec["Manifest"])
    return manifests
