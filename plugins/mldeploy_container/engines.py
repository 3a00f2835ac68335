"""Build by docker or buildah and push to ECR.

SageMaker refuses OCI manifests and inline attestations, so images are pushed as Docker schema 2 without provenance
(github.com/aws/amazon-sagemaker-feedback issue 180).
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import Context, DeployError, Step
from mldeploy.model import JSON
from mldeploy_container.programs import run

if TYPE_CHECKING:
    from mldeploy_aws.world import Aws

SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json"
NO_ATTESTATIONS = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""The variable, unlike `--provenance=false`, does not break a docker without buildx
(https://docs.docker.com/build/building/variables/)."""


def build_and_push(aws: Aws, context: Context, step: Step, tag: str) -> None:
    """Build the Dockerfile and push the image under a tag.

    Raises:
        DeployError: no engine answers, the build or the push fails, or the image is for another processor.
    """
    engine = _engine(step.spec["Builder"])
    image = f"{step.spec['RepositoryUri']}:{tag}"
    registry = step.spec["RepositoryUri"].partition("/")[0]

    def say(line: str) -> None:
        context.progress(step.id, line)

    run(build_command(engine, image, step.spec), folder=context.root, say=say, environment=NO_ATTESTATIONS)
    require_architecture(engine, image, step.spec["Platform"])
    user, password = _login(aws.client("ecr"))
    login = [engine, "login", "--username", user, "--password-stdin", registry]
    run(login, folder=context.root, say=lambda _line: None, stdin=password)
    run(push_command(engine, image), folder=context.root, say=say)


def build_command(engine: str, image: str, spec: Mapping[str, JSON]) -> list[str]:
    """Return the argument list that builds an image: spec has Platform, Dockerfile and BuildArguments."""
    arguments = [f"--build-arg={name}={value}" for name, value in spec["BuildArguments"].items()]
    options = ["--platform", spec["Platform"], "--file", spec["Dockerfile"], "--tag", image, *arguments, "."]
    if engine == "docker":
        return ["docker", "build", *options]
    return ["buildah", "build", "--layers", "--format", "docker", *options]  # OCI images have no HEALTHCHECK


def push_command(engine: str, image: str) -> list[str]:
    """Return the argument list that pushes an image; buildah is told the manifest's type."""
    return ["docker", "push", image] if engine == "docker" else ["buildah", "push", "--format", "v2s2", image]


def require_architecture(engine: str, image: str, platform: str) -> None:
    """Compare what was built with what was wanted: a Dockerfile can name another platform in its FROM line.

    Raises:
        DeployError: the image would not start.
    """
    inspect = {
        "docker": ["docker", "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}"],
        "buildah": ["buildah", "inspect", "--type", "image", "--format", "{{.OCIv1.OS}}/{{.OCIv1.Architecture}}"],
    }
    command = [*inspect[engine], image]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    built = found.stdout.strip()
    if found.returncode != 0 or built != platform:
        message = f"the image is for {built or 'an unknown platform'}, not for {platform}"
        hint = "look for --platform in the Dockerfile's FROM lines, or set image.platform in release.yaml"
        raise DeployError(message, hint=hint, details=tuple(found.stderr.splitlines()[-3:]))


def _engine(wanted: str) -> str:
    candidates = ["docker", "buildah"] if wanted == "auto" else [wanted]
    for engine in candidates:
        if shutil.which(engine) and _answers(engine):
            return engine
    message = f"no container engine answers (tried {', '.join(candidates)})"
    raise DeployError(message, hint="start docker, or install buildah; only `local` can do without (builder: process)")


def _answers(engine: str) -> bool:
    """Docker's client without its engine cannot build; `version` asks the engine."""
    return subprocess.run([engine, "version"], capture_output=True, timeout=20, check=False).returncode == 0


def _login(ecr: Any) -> tuple[str, str]:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return user, password
