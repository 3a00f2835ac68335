"""AWS::Lambda::Version: the function as it is now, kept as a number that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.aliases import versions_of
from mldeploy_cache.functions import GENERATION

KEPT = 3
"""Versions beyond the live one that stay; each takes room of the account's code storage (75 GB by default)."""
GONE = "ResourceNotFoundException"


class VersionDriver(AwsDriver):
    """Spec: FunctionName, CodeSha256, Generation (of the configuration that is published). Outputs: Version.

    Going back to an earlier release publishes a new number: the configuration is written again, with a new generation,
    because answers that were stored while an endpoint moved must not be found (see mldeploy_cache.function.settings).
    """

    service = "lambda"
    parents = ("FunctionName",)

    def find(self, step: Step) -> Observed | None:
        """Return the version of the wanted code and generation, else the newest one."""
        versions = self._published(step)
        if not versions:
            return None
        known = {version["Version"]: self._spec(step, version) for version in versions}
        number = next((number for number, spec in known.items() if spec == step.spec), versions[-1]["Version"])
        return Observed(outputs={"Version": number}, spec=known[number])

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Publish the function; Lambda makes no second version of the same code and configuration."""
        return {"Version": self.client.publish_version(FunctionName=step.spec["FunctionName"])["Version"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - a version never changes
        """Publish a new version, and delete the oldest that no alias uses."""
        outputs = self.create(step)
        name = step.spec["FunctionName"]
        aliases = self.client.list_aliases(FunctionName=name)["Aliases"]
        used = {str(outputs["Version"]), *(version for alias in aliases for version in versions_of(alias))}
        unused = [found["Version"] for found in self._published(step) if found["Version"] not in used]
        for version in unused[:-KEPT]:
            self._discard(name, version)
        return outputs

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all go
        """Delete all published versions."""
        for version in self._published(step):
            self._discard(step.spec["FunctionName"], version["Version"])

    def _published(self, step: Step) -> list[dict[str, Any]]:
        """Return the versions, oldest first, without $LATEST."""
        pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=step.spec["FunctionName"])
        found = found_or_none(lambda: [version for page in pages for version in page["Versions"]], GONE) or []
        return sorted((item for item in found if item["Version"].isdigit()), key=lambda item: int(item["Version"]))

    def _spec(self, step: Step, version: Mapping[str, Any]) -> Mapping[str, JSON]:
        variables = version.get("Environment", {}).get("Variables", {})
        return {
            "FunctionName": step.spec["FunctionName"],
            "CodeSha256": version["CodeSha256"],
            "Generation": variables.get(GENERATION, ""),
        }

    def _discard(self, name: str, version: str) -> None:
        self.client.delete_function(FunctionName=name, Qualifier=version)
