"""AWS::ElastiCache::ReplicationGroup: one node of Valkey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import DeployError, Observed, Phase, Ref, Step
from mldeploy.model import JSON, content_hash
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.names import cache_name, inner_group_name, owner, redis_name

WAIT_SECONDS = 2400
"""Making a group takes 10 to 27 minutes; botocore's own waiter gives up after ten."""
CHANGEABLE = frozenset({"CacheNodeType", "SecurityGroupIds", "AuthTokenSecretArn"})
GONE = "ReplicationGroupNotFoundFault"


class ReplicationGroupDriver(AwsDriver):
    """Spec: the properties below. Outputs: Address, Port (text, as in CloudFormation).

    `AuthTokenSecretArn` names the secret that holds the password: the password itself is in no spec and no record.
    Ownership is in the description: ElastiCache tells tags only of groups that are available. So is a hash of the
    secret's ARN, because ElastiCache does not tell which password is in force.
    """

    service = "elasticache"

    def find(self, step: Step) -> Observed | None:
        """Return the group; while it is not available its spec is unknown, so that applying waits for it."""
        group = self._describe(step)
        if group is None:
            return None
        owned = group.get("Description", "").startswith(owner(self.context))
        if group["Status"] != "available":
            return Observed(owned=owned)
        tags = self.client.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
        return Observed(outputs=_outputs(group), spec=self._spec(group, step), owned=owned, drift=self.tag_drift(tags))

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is looked up
        """Put our tags."""
        group = self._wait_until_available(step)
        self.client.add_tags_to_resource(ResourceName=group["ARN"], Tags=self.tag_list())

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the group and wait until it can be used."""
        parameters = {key: value for key, value in step.spec.items() if key != "AuthTokenSecretArn"}
        self.client.create_replication_group(
            ReplicationGroupId=step.name,
            ReplicationGroupDescription=self._description(step),
            Tags=self.tag_list(),
            **parameters,
            **self._password(step),
        )
        return _outputs(self._wait_until_available(step))

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Change node type, security groups and password, and take ownership; wait.

        A new password is added to the old one, which goes with the next rotation: containers of the function that
        know the old one go on working
        (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html, "Modifying the AUTH token").

        Raises:
            DeployError: something else differs, which ElastiCache cannot change in place.
        """
        group = self._wait_until_available(step)
        live = self._spec(group, step)
        changed = {key for key, value in step.spec.items() if live.get(key) != value}
        if changed - CHANGEABLE:
            message = f"{', '.join(sorted(changed - CHANGEABLE))} of {step.name} cannot be changed in place"
            raise DeployError(message, hint="switch cache.enabled off, run, switch it on and run again")
        if changed or not observed.owned:
            password = self._password(step) if "AuthTokenSecretArn" in changed else {}
            self.client.modify_replication_group(
                ReplicationGroupId=step.name,
                ReplicationGroupDescription=self._description(step),
                CacheNodeType=step.spec["CacheNodeType"],
                ApplyImmediately=True,
                **({"SecurityGroupIds": step.spec["SecurityGroupIds"]} if "SecurityGroupIds" in changed else {}),
                **({"AuthTokenUpdateStrategy": "ROTATE", **password} if password else {}),
            )
            group = self._wait_until_available(step)
        return _outputs(group)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the group, which ElastiCache allows only while it is available, and wait until it is gone."""
        if self._wait_until_settled(step) is None:
            return
        self.client.delete_replication_group(ReplicationGroupId=step.name)
        self.context.wait(
            lambda: True if self._describe(step) is None else None,
            seconds=WAIT_SECONDS,
            what=f"ElastiCache to delete {step.name}",
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the group of the release's name; password, subnets and security group go after it."""
        name = redis_name(self.stem)
        used = {
            "AuthTokenSecretArn": Ref(f"AWS::SecretsManager::Secret/{cache_name(self.stem)}", "Arn"),
            "CacheSubnetGroupName": Ref(f"AWS::ElastiCache::SubnetGroup/{name}", Ref.NAME),
            "SecurityGroupIds": [Ref(f"AWS::EC2::SecurityGroup/{inner_group_name(self.stem)}", "GroupId")],
        }
        yield self.perhaps("AWS::ElastiCache::ReplicationGroup", name, Phase.PROVISION, used)

    def _describe(self, step: Step) -> dict[str, Any] | None:
        answer = found_or_none(lambda: self.client.describe_replication_groups(ReplicationGroupId=step.name), GONE)
        return None if answer is None else answer["ReplicationGroups"][0]

    def _wait_until_available(self, step: Step) -> dict[str, Any]:
        group = self._wait_until_settled(step)
        if group is None or group["Status"] != "available":
            message = f"ElastiCache could not make {step.name}: {'gone' if group is None else group['Status']}"
            raise DeployError(message, hint="look at its events in the ElastiCache console, delete it and run again")
        return group

    def _wait_until_settled(self, step: Step) -> dict[str, Any] | None:
        """Return the group once nothing is going on with it; None when it is gone."""
        said = ""

        def settled() -> tuple[dict[str, Any] | None] | None:
            nonlocal said
            group = self._describe(step)
            if group is None or group["Status"] in {"available", "create-failed"}:
                return (group,)
            if group["Status"] != said:
                said = group["Status"]
                self.context.progress(step.id, f"ElastiCache says {said}")
            return None

        return self.context.wait(settled, seconds=WAIT_SECONDS, what=f"ElastiCache to settle {step.name}")[0]

    def _spec(self, group: Mapping[str, Any], step: Step) -> Mapping[str, JSON]:
        """Return the live values; those of the nodes are looked up only where the step manages them."""
        found = {
            "Engine": group.get("Engine", "valkey"),
            "CacheNodeType": group["CacheNodeType"],
            "NumCacheClusters": len(group["MemberClusters"]),
            "AutomaticFailoverEnabled": group["AutomaticFailover"] in {"enabled", "enabling"},
            "TransitEncryptionEnabled": group["TransitEncryptionEnabled"],
            "AtRestEncryptionEnabled": group["AtRestEncryptionEnabled"],
        }
        if "AuthTokenSecretArn" in step.spec:
            known = group.get("AuthTokenEnabled") and group.get("Description") == self._description(step)
            found["AuthTokenSecretArn"] = step.spec["AuthTokenSecretArn"] if known else "another password"
        if "CacheSubnetGroupName" in step.spec:
            member = group["MemberClusters"][0]
            node = self.client.describe_cache_clusters(CacheClusterId=member)["CacheClusters"][0]
            found["CacheSubnetGroupName"] = node.get("CacheSubnetGroupName")
            found["SecurityGroupIds"] = [item["SecurityGroupId"] for item in node.get("SecurityGroups", [])]
        return found

    def _password(self, step: Step) -> Mapping[str, str]:
        """Return the parameter with the password; nothing for a group without one."""
        if "AuthTokenSecretArn" not in step.spec:
            return {}
        client = self.aws.client("secretsmanager")
        return {"AuthToken": client.get_secret_value(SecretId=step.spec["AuthTokenSecretArn"])["SecretString"]}

    def _description(self, step: Step) -> str:
        name, secret = owner(self.context), step.spec.get("AuthTokenSecretArn")
        return f"{name} password {content_hash(secret)}" if isinstance(secret, str) else name


def _outputs(group: Mapping[str, Any]) -> Mapping[str, JSON]:
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return {"Address": endpoint["Address"], "Port": str(endpoint["Port"])}
