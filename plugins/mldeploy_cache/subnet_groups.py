"""AWS::ElastiCache::SubnetGroup: the subnets in which Redis may stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.names import owner, redis_name

GONE = "CacheSubnetGroupNotFoundFault"


class SubnetGroupDriver(AwsDriver):
    """Spec: CacheSubnetGroupDescription (which says whose it is), SubnetIds. No outputs."""

    service = "elasticache"

    def find(self, step: Step) -> Observed | None:
        """Return the group."""
        name = step.name
        answer = found_or_none(lambda: self.client.describe_cache_subnet_groups(CacheSubnetGroupName=name), GONE)
        if not answer or not answer["CacheSubnetGroups"]:
            return None
        group = answer["CacheSubnetGroups"][0]
        ids = {subnet["SubnetIdentifier"] for subnet in group["Subnets"]}
        wanted = step.spec.get("SubnetIds", [])
        spec = {
            "CacheSubnetGroupDescription": group["CacheSubnetGroupDescription"],
            "SubnetIds": wanted if ids == set(wanted) else sorted(ids),
        }
        tags = self.client.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
        owned = spec["CacheSubnetGroupDescription"] == owner(self.context)
        return Observed(spec=spec, owned=owned, drift=self.tag_drift(tags))

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is looked up
        """Put our tags."""
        group = self.client.describe_cache_subnet_groups(CacheSubnetGroupName=step.name)["CacheSubnetGroups"][0]
        self.client.add_tags_to_resource(ResourceName=group["ARN"], Tags=self.tag_list())

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the group."""
        self.client.create_cache_subnet_group(CacheSubnetGroupName=step.name, Tags=self.tag_list(), **step.spec)
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all is put again
        """Set description and subnets."""
        self.client.modify_cache_subnet_group(CacheSubnetGroupName=step.name, **step.spec)
        return {}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the group; ElastiCache refuses while a cluster is in it."""
        self.client.delete_cache_subnet_group(CacheSubnetGroupName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the group of the release's name."""
        yield self.perhaps("AWS::ElastiCache::SubnetGroup", redis_name(self.stem), Phase.PROVISION)
