"""mldeploy::ImageScan: what ECR's scan finds in an image decides whether it is deployed.

Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from mldeploy import DeployError, Observed, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
DONE = ("COMPLETE", "ACTIVE")
"""ACTIVE is what enhanced scanning, which goes on and on, says of an image that it has looked at."""
UNDER_WAY = ("IN_PROGRESS", "PENDING")
MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One known vulnerability of a package in an image."""

    name: str
    severity: str
    package: str

    def __str__(self) -> str:
        return f"{self.severity} {self.name}" + (f" in {self.package}" if self.package else "")


class ImageScanDriver(AwsDriver):
    """Spec: RepositoryName, ImageUri, Digest. Outputs: ImageUri, Digest, once the image has passed.

    Settings: FailOn (the least severity that counts), WaitSeconds, Waivers [{id, until}]. An image that passed is not
    asked again: what is found later must not stop a rollback.
    """

    service = "ecr"
    parents = ("RepositoryName", "Digest")

    def find(self, step: Step) -> Observed | None:
        """Return the image as passed if a kept record says so."""
        passed = self.context.outputs(step.id).get("Digest") == step.spec["Digest"]
        return Observed(outputs=_outputs(step)) if passed else None

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Wait for the scan and judge what it found.

        Raises:
            RefusedError: there are findings of the severity that counts, without a waiver.
            DeployError: ECR cannot scan the image.
        """
        wait, least = step.settings["WaitSeconds"], SEVERITIES.index(step.settings["FailOn"])
        self.context.wait(lambda: self._scanned(step), seconds=wait, what=f"ECR to scan {step.spec['ImageUri']}")
        found = [one for one in self._findings(step) if one.severity in SEVERITIES[least:]]
        waived = _in_force(step.settings["Waivers"])
        bad = [one for one in found if one.name not in waived]
        if bad:
            expired = sorted({one.name for one in bad} & {waiver["id"] for waiver in step.settings["Waivers"]})
            message = f"the image has {len(bad)} findings of {step.settings['FailOn']} or worse"
            hint = "renew the base image and the packages, or waive a finding under image.scan.waivers until a date"
            if expired:
                hint += f"; expired: {', '.join(expired)}"
            raise RefusedError(message, hint=hint, details=tuple(str(one) for one in bad[:MOST_TOLD]))
        if found:
            text = f"waived: {', '.join(sorted({one.name for one in found}))}"
            self.context.progress(step.id, text)
        return _outputs(step)

    def remove(self, step: Step, observed: Observed) -> None:
        """Do nothing: findings go with their image."""

    def _scanned(self, step: Step) -> bool | None:
        found = found_or_none(lambda: self.client.describe_image_scan_findings(**_image(step)), "ScanNotFoundException")
        if found is None:
            self.client.start_image_scan(**_image(step))
            return None
        status = found["imageScanStatus"]
        if status["status"] in UNDER_WAY:
            return None
        if status["status"] not in DONE:
            message = f"ECR cannot scan the image: {status['status']} {status.get('description', '')}".rstrip()
            raise DeployError(message, hint="build on a distribution that ECR knows, or take image.scan out")
        return True

    def _findings(self, step: Step) -> Iterator[Finding]:
        """Yield what the scan found, worst first as ECR lists it; basic and enhanced scans tell it differently."""
        pages = self.client.get_paginator("describe_image_scan_findings").paginate(**_image(step))
        for page in pages:
            scan = page.get("imageScanFindings", {})
            for found in scan.get("findings", []):
                told = {item["key"]: item.get("value", "") for item in found.get("attributes", [])}
                yield Finding(name=found["name"], severity=found["severity"], package=told.get("package_name", ""))
            for found in scan.get("enhancedFindings", []):
                details = found.get("packageVulnerabilityDetails", {})
                package = next((one.get("name", "") for one in details.get("vulnerablePackages", [])), "")
                name = details.get("vulnerabilityId") or found.get("title", "")
                yield Finding(name=name, severity=found["severity"], package=package)


def _in_force(waivers: list[Mapping[str, str]]) -> set[str]:
    today = datetime.now(UTC).date()
    return {waiver["id"] for waiver in waivers if date.fromisoformat(waiver["until"]) >= today}


def _image(step: Step) -> dict[str, Any]:
    return {"repositoryName": step.spec["RepositoryName"], "imageId": {"imageDigest": step.spec["Digest"]}}


def _outputs(step: Step) -> Mapping[str, JSON]:
    return {key: step.spec[key] for key in ("ImageUri", "Digest")}
