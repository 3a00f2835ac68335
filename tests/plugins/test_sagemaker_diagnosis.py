"""`mldeploy diagnose` names the cause: of evidence as SageMaker words it, and of faults in a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mldeploy.errors import DeployError
from mldeploy_sagemaker.causes import CAUSES, verdicts
from mldeploy_sagemaker.container_images import READABLE, Image
from mldeploy_sagemaker.evidence import Evidence, gather
from tests.plugins.served_release import BUCKET, ENDPOINT, ServedRelease
from tests.sandbox.running_sandbox import REPOSITORY, SERVICE

GOOD = Evidence(
    endpoint={"EndpointStatus": "InService", "EndpointConfigName": "new"},
    wanted="new",
    images={"registry/services@sha256:1": Image(media_type=READABLE, architecture="amd64")},
    archives={"s3://models/model.tar.gz": True},
    role=True,
    log=("starting", "GET /ping 200"),
    needed={"ml.m5.large": 2},
    quotas={"ml.m5.large": 4.0},
)
PING = "The primary container for production variant AllTraffic did not pass the ping health check."


def failed(reason: str = PING, *log: str, **more: Any) -> Evidence:
    """Return the evidence of an update that went back."""
    live = {"EndpointStatus": "InService", "EndpointConfigName": "old", "FailureReason": reason}
    return replace(GOOD, endpoint=live, log=log, **more)


def image(**what: str) -> dict[str, Any]:
    known = Image(**{"media_type": READABLE, "architecture": "amd64", **what})
    return {"images": {"registry/services@sha256:1": known}}


EVIDENCE = [
    ("image-missing", failed(PING, images={"registry/services@sha256:1": None})),
    ("image-manifest", failed("", **image(media_type="application/vnd.oci.image.manifest.v1+json"))),
    ("image-architecture", failed(PING, **image(architecture="arm64"))),
    ("image-architecture", failed(PING, needed={"ml.c7g.large": 1})),
    ("exec-format", failed(PING, "exec /opt/venv/bin/python: exec format error")),
    ("model-data-missing", failed("", archives={"s3://models/model.tar.gz": False})),
    ("model-data-denied", failed("Access denied to s3://models/model.tar.gz. Please check the role.")),
    ("role-missing", failed(PING, role=False)),
    ("quota", failed("ResourceLimitExceeded: ml.m5.large for endpoint usage is 0 Instances")),
    ("quota", failed("", quotas={"ml.m5.large": 0.0})),
    (
        "capacity",
        failed("Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."),
    ),
    ("alarm", failed("Auto rollback: the alarms probe-prod-errors tripped during the deployment.")),
    ("rollback-failed", replace(GOOD, endpoint={**GOOD.endpoint, "EndpointStatus": "UpdateRollbackFailed"})),
    (
        "model-changed",
        failed(PING, "ModelFilesError: the model is not the one that was deployed: its hash is 1, not 2"),
    ),
    ("model-pickle", failed(PING, "ModelFilesError: model.pkl is a pickle, which can run any code")),
    ("package-missing", failed(PING, "  import torch", "ModuleNotFoundError: No module named 'torch'")),
    ("code-error", failed(PING, "    def load(", "SyntaxError: '(' was never closed")),
    ("out-of-memory", failed(PING, "MemoryError: Unable to allocate 9 GiB")),
    ("out-of-memory", failed(PING, "[sandbox] the process ended with code -9 before it answered GET /ping")),
    ("port-taken", failed(PING, "OSError: [Errno 98] Address already in use")),
    ("slow-start", failed(PING, "loading", "[sandbox] GET /ping gave no 200 within 600 s")),
    ("start-error", failed(PING, "FileNotFoundError: weights.bin")),
    ("ping", failed(PING, "hello")),
    ("silent-rollback", failed("")),
    ("busy", replace(GOOD, endpoint={**GOOD.endpoint, "EndpointStatus": "SystemUpdating"})),
    ("endpoint-missing", replace(GOOD, endpoint={})),
]


@pytest.mark.req("4.6")
@pytest.mark.parametrize(("code", "evidence"), EVIDENCE, ids=[f"{n}-{code}" for n, (code, _) in enumerate(EVIDENCE)])
def test_the_first_cause_is_the_right_one(code: str, evidence: Evidence) -> None:
    first = verdicts(evidence)[0]
    assert first.cause.code == code
    assert first.evidence
    assert first.cause.fix


def test_every_cause_is_in_the_table_above_and_a_good_release_has_none() -> None:
    assert verdicts(GOOD) == []
    assert {cause.code for cause in CAUSES} == {code for code, _ in EVIDENCE}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRelease]:
    served = ServedRelease(tmp_path_factory.mktemp("diagnosed"))
    served.run()
    yield served
    served.close()


def named(served: ServedRelease) -> str:
    """Return the code of the first cause that is found for what was deployed last."""
    deployment = served.deployment()
    record, _ = deployment.status()
    found = verdicts(gather(deployment.context, record))
    return found[0].cause.code if found else "nothing"


@pytest.mark.req("4.6", "4.7")
def test_faults_in_a_sandbox_are_named(served: ServedRelease) -> None:
    right = {"nothing": named(served)}
    for number, (code, source) in enumerate(
        {
            "package-missing": "import no_such_package",
            "code-error": "def load(:",
            "start-error": "raise FileNotFoundError('weights.bin')",
            "out-of-memory": "raise MemoryError",
        }.items()
    ):
        right[code] = _named_after_run(served, version=f"broken-{number}", source=source)
    for number, (code, plan) in enumerate({"capacity": "capacity", "silent-rollback": "silent-rollback"}.items()):
        served.inject(plan)
        right[code] = _named_after_run(served, version=f"faulty-{number}", source=SERVICE)
        served.inject("")
    served.run()
    s3, iam = served.sandbox.client("s3"), served.sandbox.client("iam")
    s3.delete_object(Bucket=BUCKET, Key="model.tar.gz")
    right["model-data-missing"] = named(served)
    ecr = served.sandbox.client("ecr")
    images = ecr.list_images(repositoryName=REPOSITORY)["imageIds"]
    ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=images)
    right["image-missing"] = named(served)
    iam.delete_role_policy(RoleName=f"{ENDPOINT}-sagemaker", PolicyName="serve")
    iam.delete_role(RoleName=f"{ENDPOINT}-sagemaker")
    right["role-missing"] = named(served)
    assert {wanted: found for wanted, found in right.items() if wanted != found} == {}


def _named_after_run(served: ServedRelease, **image: str) -> str:
    with pytest.raises(DeployError):
        served.run(**image)
    return named(served)
