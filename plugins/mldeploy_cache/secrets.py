"""AWS::SecretsManager::Secret: a password that AWS makes up; nobody ever writes it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.names import cache_name

GONE = "ResourceNotFoundException"
CURRENT = "AWSCURRENT"
"""The stage of the version that is in force (https://docs.aws.amazon.com/secretsmanager/latest/userguide/getting-started.html)."""


class SecretDriver(AwsDriver):
    """Spec: GenerateSecretString {PasswordLength, ExcludePunctuation}. Outputs: Arn, Version (of the text).

    A password that exists is never changed: what uses it would not notice.
    """

    service = "secretsmanager"

    def find(self, step: Step) -> Observed | None:
        """Return the secret without its value; one that is about to be deleted has no spec, so that it is restored."""
        found = found_or_none(lambda: self.client.describe_secret(SecretId=step.name), GONE)
        if found is None:
            return None
        spec = {} if found.get("DeletedDate") else step.spec
        tags = found.get("Tags", [])
        outputs = {"Arn": found["ARN"], "Version": _version(found)}
        return Observed(outputs=outputs, spec=spec, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the secret with a random password."""
        password = self.client.get_random_password(**step.spec["GenerateSecretString"])["RandomPassword"]
        answer = self.client.create_secret(
            Name=step.name,
            Description="The password of the cache, made by mldeploy.",
            SecretString=password,
            Tags=self.tag_list(),
        )
        return {"Arn": answer["ARN"], "Version": answer["VersionId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Take back a deletion that is scheduled."""
        if not observed.spec:
            self.client.restore_secret(SecretId=step.name)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Put our tags."""
        self.client.tag_resource(SecretId=step.name, Tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the secret at once, so that its name is free for the next deployment."""
        self.client.delete_secret(SecretId=step.name, ForceDeleteWithoutRecovery=True)

    def candidates(self) -> Iterable[Step]:
        """Yield the secret of the release's name."""
        yield self.perhaps("AWS::SecretsManager::Secret", cache_name(self.stem), Phase.PROVISION)


def _version(found: Mapping[str, Any]) -> str:
    stages: Mapping[str, list[str]] = found.get("VersionIdsToStages") or {}
    return next((version for version, names in stages.items() if CURRENT in names), "")
