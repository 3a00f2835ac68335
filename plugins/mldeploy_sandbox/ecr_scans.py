"""ECR's basic scan: it takes a moment, happens once per day and image, and finds what a fault plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.plane import AwsError, Call, Operation
from mldeploy_sandbox.rules import declare

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

DURATION, FAULT = "image-scan", "vulnerable"
ONCE = declare(
    "ecr-scan-once-a-day",
    "ecr:StartImageScan",
    says="A basic scan of an image can be started once in 24 hours.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html",
)
DAY_SECONDS = 86_400
FINDING = {
    "name": "CVE-2024-0001",
    "uri": "https://example.com/CVE-2024-0001",
    "severity": "CRITICAL",
    "attributes": [{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2.11"}],
}


class ImageScans:
    """Scans by repository and digest; the times are sandbox seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._started: dict[tuple[str, str, str], float] = {}

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Handlers by operation."""
        return {("ecr", "StartImageScan"): self._start, ("ecr", "DescribeImageScanFindings"): self._describe}

    def pushed(self, call: Call, repository: Any, digest: str) -> None:
        """Begin the scan of an image whose repository scans on push."""
        if (repository.image_scanning_configuration or {}).get("scanOnPush"):
            self._started[call.region, repository.name, digest] = self._world.clock.monotonic()

    def _start(self, call: Call) -> Mapping[str, Any]:
        key, now = self._key(call), self._world.clock.monotonic()
        if now - self._started.get(key, -DAY_SECONDS) < DAY_SECONDS:
            code, message = "LimitExceededException", "The scan quota per image has been exceeded. Wait and try again."
            raise ONCE.refusal(code, message)
        self._started[key] = now
        return {**_told(call, key), "imageScanStatus": {"status": "IN_PROGRESS"}}

    def _describe(self, call: Call) -> Mapping[str, Any]:
        key = self._key(call)
        if key not in self._started:
            code = "ScanNotFoundException"
            message = f"Image scan does not exist for the image with '{key[2]}' in the repository '{key[1]}'"
            raise AwsError(code, message)
        if self._world.clock.monotonic() < self._started[key] + self._world.seconds(DURATION):
            return {**_told(call, key), "imageScanStatus": {"status": "IN_PROGRESS"}}
        found = [FINDING] if self._world.faults.broken(FAULT, key[1]) else []
        return {
            **_told(call, key),
            "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
            "imageScanFindings": {"findings": found, "findingSeverityCounts": {one["severity"]: 1 for one in found}},
        }

    def _key(self, call: Call) -> tuple[str, str, str]:
        """Return region, repository and digest of an image that exists."""
        wanted, name = call.params["imageId"], call.params["repositoryName"]
        with self._world.moto.lock:
            repository = self._world.backend("ecr", call.region).repositories.get(name)
            for image in repository.images if repository else ():
                digest: str = image.get_image_digest()
                if wanted.get("imageDigest") == digest or wanted.get("imageTag") in image.image_tags:
                    return call.region, name, digest
        code, message = "ImageNotFoundException", f"The image {wanted} does not exist in the repository '{name}'"
        raise AwsError(code, message)


def _told(call: Call, key: tuple[str, str, str]) -> dict[str, Any]:
    return {"registryId": call.account_id, "repositoryName": key[1], "imageId": {"imageDigest": key[2]}}
