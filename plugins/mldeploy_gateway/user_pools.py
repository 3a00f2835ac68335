"""AWS::Cognito::UserPool and its domain, where callers get their tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_gateway.managed import managed

DOMAIN_SECONDS = 300
PAGE = {"PageSize": 60}
NOT_FOUND = "ResourceNotFoundException"


class UserPoolDriver(AwsDriver):
    """Spec: the parameters of UpdateUserPool, with EnabledMfas as in CloudFormation.

    Outputs: UserPoolId, Arn, ProviderURL (who signs the tokens), JwksUri (where the keys are).

    Names of pools are not unique: a pool is ours when name and tags say so, and others of that name do not matter.
    """

    service = "cognito-idp"

    def find(self, step: Step) -> Observed | None:
        """Return our pool."""
        pool = next(iter(self._ours(step)), None)
        if pool is None:
            return None
        found = self.client.get_user_pool_mfa_config(UserPoolId=pool["Id"])
        has_app = found.get("SoftwareTokenMfaConfiguration", {}).get("Enabled", False)
        factors = {"EnabledMfas": ["SOFTWARE_TOKEN_MFA"] if has_app else []}
        live = {"DeletionProtection": "INACTIVE", **pool, **factors}
        live["MfaConfiguration"] = found.get("MfaConfiguration", "OFF")
        drift = self.tag_drift(pool.get("UserPoolTags", {}))
        return Observed(outputs=self._outputs(pool), spec=managed(live, step.spec), drift=drift)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the pool, then say which second factors it knows."""
        answer = self.client.create_user_pool(PoolName=step.name, UserPoolTags=self.tags(), **_parameters(step))
        self._set_factors(answer["UserPool"]["Id"], step)
        return self._outputs(answer["UserPool"])

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Set the managed properties; UpdateUserPool resets what it is not given."""
        pool_id = observed.outputs["UserPoolId"]
        self.client.update_user_pool(UserPoolId=pool_id, UserPoolTags=self.tags(), **_parameters(step))
        self._set_factors(pool_id, step)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:
        """Put our tags; Cognito takes them with all other properties, as an update gives them."""
        self.update(step, observed)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all that are ours go
        """Delete our pools; the protection is against everybody who does not know what a pool belongs to.

        Raises:
            RefusedError: somebody has made users in it.
        """
        for pool in self._ours(step):
            users = pool.get("EstimatedNumberOfUsers", 0)
            if users:
                message = f"the user pool {pool['Id']} has {users} users, which would be lost"
                raise RefusedError(message, hint="delete the users first, or take the pool out by hand")
            if pool.get("DeletionProtection") == "ACTIVE":
                tags = pool.get("UserPoolTags", {})
                self.client.update_user_pool(UserPoolId=pool["Id"], UserPoolTags=tags, DeletionProtection="INACTIVE")
            self.client.delete_user_pool(UserPoolId=pool["Id"])

    def candidates(self) -> Iterable[Step]:
        """Yield the pool of the release's name; resource servers go with it."""
        yield self.perhaps("AWS::Cognito::UserPool", self.stem, Phase.EXPOSE)

    def _set_factors(self, pool_id: str, step: Step) -> None:
        """Set the second factors, which Cognito takes by a call of their own."""
        if "EnabledMfas" in step.spec:
            self.client.set_user_pool_mfa_config(
                UserPoolId=pool_id,
                SoftwareTokenMfaConfiguration={"Enabled": "SOFTWARE_TOKEN_MFA" in step.spec["EnabledMfas"]},
                MfaConfiguration=step.spec["MfaConfiguration"],
            )

    def _outputs(self, pool: Mapping[str, Any]) -> Mapping[str, JSON]:
        pool_id = pool["Id"]
        return {
            "UserPoolId": pool_id,
            "Arn": pool["Arn"],
            "ProviderURL": f"https://cognito-idp.{self.aws.region}.amazonaws.com/{pool_id}",
            "JwksUri": self.aws.addresses.key_set(pool_id),
        }

    def _ours(self, step: Step) -> list[dict[str, Any]]:
        """Return the pools of this name with our tags, oldest first; more than one if a creation's answer was lost.

        The one in the record is ours without them, too.
        """
        pages = self.client.get_paginator("list_user_pools").paginate(PaginationConfig=PAGE)
        ids = [pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == step.name]
        pools = [self.client.describe_user_pool(UserPoolId=pool_id)["UserPool"] for pool_id in ids]
        known = self.recorded(step, "UserPoolId")
        ours = [pool for pool in pools if pool["Id"] == known or self.owns(pool.get("UserPoolTags", {}))]
        return sorted(ours, key=lambda pool: pool["CreationDate"])


class UserPoolDomainDriver(AwsDriver):
    """Spec: UserPoolId. Outputs: Domain.

    Prefixes are shared by all accounts of a region, and must not contain words such as `aws`; so ours is a hash
    (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html).
    """

    service = "cognito-idp"
    parents = ("UserPoolId",)

    def find(self, step: Step) -> Observed | None:
        """Return the domain; it is ours when it belongs to our pool."""
        found = self._describe(step)
        if not found:
            return None
        return Observed(
            outputs={"Domain": self._prefix(step)},
            spec={"UserPoolId": found["UserPoolId"]},
            owned=found["UserPoolId"] == step.spec["UserPoolId"],
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the domain and wait until it answers."""
        prefix = self._prefix(step)
        self.client.create_user_pool_domain(Domain=prefix, UserPoolId=step.spec["UserPoolId"])
        self.context.wait(
            lambda: True if self._describe(step).get("Status", "ACTIVE") == "ACTIVE" else None,
            seconds=DOMAIN_SECONDS,
            what=f"Cognito to open the domain {prefix}",
        )
        return {"Domain": prefix}

    def remove(self, step: Step, observed: Observed) -> None:
        """Delete the domain and wait until the pool can be deleted."""
        prefix, pool_id = observed.outputs["Domain"], observed.spec["UserPoolId"]
        self.client.delete_user_pool_domain(Domain=prefix, UserPoolId=pool_id)
        self.context.wait(
            lambda: None if self._describe(step) else True,
            seconds=DOMAIN_SECONDS,
            what=f"Cognito to close the domain {prefix}",
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the domain of the release's pool, which goes before the pool."""
        for pool in UserPoolDriver(self.context).candidates():
            place = {"UserPoolId": pool.ref("UserPoolId")}
            yield self.perhaps("AWS::Cognito::UserPoolDomain", self.stem, Phase.EXPOSE, place)

    def _describe(self, step: Step) -> dict[str, Any]:
        """Return the description; Cognito answers with an empty one for a domain that does not exist."""
        domain = self._prefix(step)
        found = found_or_none(lambda: self.client.describe_user_pool_domain(Domain=domain), NOT_FOUND)
        return dict((found or {}).get("DomainDescription") or {})

    def _prefix(self, step: Step) -> str:
        text = f"{self.aws.account_id}/{self.aws.region}/{step.name}"
        return f"mldeploy-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _parameters(step: Step) -> dict[str, JSON]:
    return {key: value for key, value in step.spec.items() if key not in {"EnabledMfas", "MfaConfiguration"}}
