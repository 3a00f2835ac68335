"""Causes by which an endpoint does not serve what it should: how each is recognised, and what puts it right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mldeploy_sagemaker.container_images import unreadable
from mldeploy_sagemaker.endpoint_watch import IN_SERVICE, ROLLBACK_FAILED, STABLE
from mldeploy_sagemaker.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: a code for programs, what it means, what to do, and where its signs are in the evidence.

    `sign` returns the words that prove it, or None.
    """

    code: str
    says: str
    fix: str
    sign: Callable[[Evidence], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A cause that was found, and the evidence for it."""

    cause: Cause
    evidence: str


def verdicts(evidence: Evidence) -> list[Verdict]:
    """Return the causes that the evidence shows, the most telling first."""
    found = ((cause, cause.sign(evidence)) for cause in CAUSES)
    return [Verdict(cause=cause, evidence=sign) for cause, sign in found if sign is not None]


def _in_log(*patterns: str) -> Callable[[Evidence], str | None]:
    """Return a sign that looks for words in the containers' output; the newest line wins."""
    compiled = [re.compile(pattern) for pattern in patterns]

    def sign(evidence: Evidence) -> str | None:
        if _serves_as_wanted(evidence):
            return None
        return next((line.strip() for line in reversed(evidence.log) if any(p.search(line) for p in compiled)), None)

    return sign


def _in_reason(*patterns: str) -> Callable[[Evidence], str | None]:
    """Return a sign that looks for words in FailureReason."""
    compiled = [re.compile(pattern) for pattern in patterns]
    return lambda evidence: evidence.reason if any(p.search(evidence.reason) for p in compiled) else None


def _first(lines: Iterator[str]) -> str | None:
    return next(lines, None)


def _serves_as_wanted(evidence: Evidence) -> bool:
    live = evidence.endpoint
    return live.get("EndpointStatus") == IN_SERVICE and live["EndpointConfigName"] == evidence.wanted


def _missing_image(evidence: Evidence) -> str | None:
    return _first(f"{address} is not in ECR" for address, image in evidence.images.items() if image is None)


def _unreadable_image(word: str) -> Callable[[Evidence], str | None]:
    def sign(evidence: Evidence) -> str | None:
        known = ((address, image) for address, image in evidence.images.items() if image is not None)
        reasons = ((address, unreadable(image, evidence.needed)) for address, image in known)
        return _first(f"{address}: {reason}" for address, reason in reasons if reason is not None and word in reason)

    return sign


def _missing_archive(evidence: Evidence) -> str | None:
    return _first(f"{address} is not there" for address, there in evidence.archives.items() if not there)


def _quota(evidence: Evidence) -> str | None:
    if _serves_as_wanted(evidence):
        return None
    short = ((kind, count, evidence.quotas.get(kind)) for kind, count in evidence.needed.items())
    return _first(
        f"{count} x {kind} are wanted, and the account may run {quota:g}"
        for kind, count, quota in short
        if quota is not None and quota < count
    )


def _silent_rollback(evidence: Evidence) -> str | None:
    live = evidence.endpoint
    if live.get("EndpointStatus") != IN_SERVICE or not evidence.wanted or live["EndpointConfigName"] == evidence.wanted:
        return None
    return f"{live['EndpointConfigName']} is live, and {evidence.wanted} was deployed last"


def _status(name: str) -> Callable[[Evidence], str | None]:
    def sign(evidence: Evidence) -> str | None:
        return f"status {name}" if evidence.endpoint.get("EndpointStatus") == name else None

    return sign


def _busy(evidence: Evidence) -> str | None:
    status = evidence.endpoint.get("EndpointStatus")
    return None if status is None or status in STABLE else f"status {status}"


CAUSES: Sequence[Cause] = (
    Cause(
        code="role-missing",
        says="The execution role of the model does not exist.",
        fix="run `mldeploy run`, which makes it; look who deletes roles in this account",
        sign=lambda evidence: None if evidence.role else "there is no role of the release's name",
    ),
    Cause(
        code="image-missing",
        says="The image that the model names is gone from ECR.",
        fix="run `mldeploy run` to build it; check the repository's lifecycle rules",
        sign=_missing_image,
    ),
    Cause(
        code="image-manifest",
        says="The image has a manifest that SageMaker does not read.",
        fix="build with `--provenance=false --sbom=false` and Docker media types",
        sign=_unreadable_image("manifest"),
    ),
    Cause(
        code="image-architecture",
        says="The image was built for another processor than that of the instances.",
        fix="build with `--platform linux/amd64` (linux/arm64 for Graviton), or change instance.type",
        sign=_unreadable_image("built for"),
    ),
    Cause(
        code="exec-format",
        says="The container's program is for another processor.",
        fix="build with `--platform linux/amd64` (linux/arm64 for Graviton), or change instance.type",
        sign=_in_log(r"(?i)exec format error"),
    ),
    Cause(
        code="model-data-missing",
        says="The model's archive is not where the model says.",
        fix="put it back, correct model.source, or run `mldeploy run` to pack it again",
        sign=_missing_archive,
    ),
    Cause(
        code="model-data-denied",
        says="The endpoint's role may not read the archive or its key.",
        fix="allow s3:GetObject (and kms:Decrypt) to the role, in the bucket's and the key's policy too",
        sign=_in_reason(r"(?i)(access denied|AccessDenied|not authorized|403).*(s3|model data|kms)"),
    ),
    Cause(
        code="quota",
        says="The account may not run so many instances of this type.",
        fix="ask for more in Service Quotas (“… for endpoint usage”), take another instance.type, or deploy rolling",
        sign=lambda evidence: (
            _in_reason(r"ResourceLimitExceeded|account-level service limit")(evidence) or _quota(evidence)
        ),
    ),
    Cause(
        code="capacity",
        says="AWS has no free instances of this type at the moment.",
        fix="run again later, or choose another instance.type or region",
        sign=_in_reason(r"(?i)InsufficientInstanceCapacity|CapacityError|unable to provision requested ML compute"),
    ),
    Cause(
        code="alarm",
        says="An alarm stopped the update, and the old release serves.",
        fix="look at `mldeploy logs` around that time; correct the release, or the threshold in deployment.alarms",
        sign=_in_reason(r"(?i)\balarms?\b"),
    ),
    Cause(
        code="rollback-failed",
        says="The update failed, and the way back too: old and new instances serve side by side.",
        fix="run `mldeploy run` to roll forward, or `mldeploy rollback`",
        sign=_status(ROLLBACK_FAILED),
    ),
    Cause(
        code="model-changed",
        says="The model files are not those that were built.",
        fix="somebody changed the archive; run `mldeploy run` to upload it again",
        sign=_in_log(r"the model is not the one that was deployed", r"not as listed in SHA256SUMS"),
    ),
    Cause(
        code="model-pickle",
        says="The model is a pickle, and the release does not allow that.",
        fix="save it in another format, or set model.allowPickle",
        sign=_in_log(r"is a pickle, which can run any code"),
    ),
    Cause(
        code="package-missing",
        says="The service imports a package that the image does not have.",
        fix="add it to requirements.txt and run again",
        sign=_in_log(r"(ModuleNotFoundError|ImportError):"),
    ),
    Cause(
        code="code-error",
        says="The service's code cannot be read.",
        fix="correct the line that the error names; `python -m compileall .` finds all of them",
        sign=_in_log(r"(SyntaxError|IndentationError|TabError):"),
    ),
    Cause(
        code="out-of-memory",
        says="The container used more memory than it has.",
        fix="take a larger instance.type (or endpoint.serverless.memorySizeInMB), or fewer workers",
        sign=_in_log(r"MemoryError|(?i:out of memory|oom-kill)|code -?(137|9)\b"),
    ),
    Cause(
        code="port-taken",
        says="The service cannot listen on the port that SageMaker calls.",
        fix="listen on 0.0.0.0 and the port in SAGEMAKER_BIND_TO_PORT (8080), once",
        sign=_in_log(r"(?i)address already in use|permission denied.*(bind|port)"),
    ),
    Cause(
        code="slow-start",
        says="The container runs, and /ping did not answer 200 in time.",
        fix="load the model faster, or raise deployment.healthCheckTimeoutSeconds (60 to 3600)",
        sign=_in_log(r"GET /ping gave no 200 within \d+ s"),
    ),
    Cause(
        code="start-error",
        says="The service ended with an error while it started.",
        fix="`mldeploy logs` shows the whole traceback; load() in model_loader.py is the usual place",
        sign=_in_log(r"^\s*[A-Za-z_.]*(Error|Exception)\b:?", r"process ended with code"),
    ),
    Cause(
        code="ping",
        says="The container never answered /ping with 200, and printed nothing that tells why.",
        fix="start it as SageMaker does (`mldeploy contract`), and check that it takes the argument `serve`",
        sign=_in_reason(r"did not pass the ping health check"),
    ),
    Cause(
        code="silent-rollback",
        says="The endpoint serves, but not what was deployed last: an update went back.",
        fix="run `mldeploy run` again and watch it; SageMaker's own reason is above where it gave one",
        sign=_silent_rollback,
    ),
    Cause(code="busy", says="A change is under way.", fix="wait, or run `mldeploy run`, which waits", sign=_busy),
    Cause(
        code="endpoint-missing",
        says="There is no endpoint.",
        fix="run `mldeploy run`",
        sign=lambda evidence: None if evidence.endpoint else "DescribeEndpoint finds none",
    ),
)
"""Every cause, the most telling first: what is wrong with parts comes before what follows from that.

Sources of the words: FailureReason as SageMaker writes it (aws/sagemaker-python-sdk issue 1119, terraform-provider-aws
issue 48997, the service's documentation "Troubleshoot Amazon SageMaker model deployments"), and Python's own messages.
"""
