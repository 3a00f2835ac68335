"""Where a replication group stands: subnet groups and security groups, which moto does not tell of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.cache_rules import SUBNETS_IN_USE
from mldeploy_sandbox.plane import AwsError, Call, Operation

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World


class Placement:
    """Remembers the parameters of each group that concern its network; moto keeps the subnet groups."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._parameters: dict[tuple[str, str], dict[str, Any]] = {}

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Handlers by service and operation."""
        return {
            ("elasticache", "DeleteCacheSubnetGroup"): self._delete,
            ("elasticache", "DescribeCacheClusters"): self._describe_nodes,
            ("elasticache", "ModifyCacheSubnetGroup"): self._modify,
        }

    def put(self, call: Call) -> None:
        """Remember where a new or changed group stands."""
        known = self._parameters.setdefault((call.region, call.params["ReplicationGroupId"]), {})
        for name in ("CacheSubnetGroupName", "SecurityGroupIds"):
            if name in call.params:
                known[name] = call.params[name]

    def forget(self, region: str, group: str) -> None:
        """Forget a group that is gone."""
        self._parameters.pop((region, group), None)

    def names(self, region: str) -> set[str]:
        """Return the names of the subnet groups of a region."""
        with self._world.moto.lock:
            return set(self._world.backend("elasticache", region).cache_subnet_groups)

    def _describe_nodes(self, call: Call) -> Mapping[str, Any]:
        """Answer for the nodes of replication groups; clusters outside of groups are moto's."""
        wanted = call.params.get("CacheClusterId")
        with self._world.moto.lock:
            groups = self._world.backend("elasticache", call.region).replication_groups
            nodes = {node: name for name, group in groups.items() for node in group.member_clusters}
            types = {name: group.cache_node_type for name, group in groups.items()}
        if wanted is not None and wanted not in nodes:
            return self._world.moto.answer(call)
        found = [
            self._node(call.region, node, name, types[name]) for node, name in nodes.items() if wanted in {node, None}
        ]
        others = self._world.moto.answer(call)["CacheClusters"] if wanted is None else []
        return {"CacheClusters": [*found, *others]}

    def _node(self, region: str, node: str, group: str, kind: str) -> Mapping[str, Any]:
        known = self._parameters.get((region, group), {})
        return {
            "CacheClusterId": node,
            "CacheNodeType": kind,
            "ReplicationGroupId": group,
            "CacheSubnetGroupName": known.get("CacheSubnetGroupName", "default"),
            "SecurityGroups": [
                {"SecurityGroupId": item, "Status": "active"} for item in known.get("SecurityGroupIds", [])
            ],
        }

    def _modify(self, call: Call) -> Mapping[str, Any]:
        group = self._known(call)
        with self._world.moto.lock:
            known = self._world.backend("elasticache", call.region).cache_subnet_groups
            ids = call.params.get("SubnetIds", group.subnet_ids)
            description = call.params.get("CacheSubnetGroupDescription", group.cache_subnet_group_description)
            name = group.cache_subnet_group_name
            known[name] = type(group)(call.account_id, call.region, name, description, ids, group.tags)
        described = self._world.moto.answer(
            Call(
                service=call.service,
                operation="DescribeCacheSubnetGroups",
                params={"CacheSubnetGroupName": name},
                region=call.region,
                account_id=call.account_id,
            )
        )
        return {"CacheSubnetGroup": described["CacheSubnetGroups"][0]}

    def _delete(self, call: Call) -> Mapping[str, Any]:
        group = self._known(call)
        name = group.cache_subnet_group_name
        users = [who for (region, who), known in self._parameters.items() if region == call.region]
        if any(self._parameters[call.region, who].get("CacheSubnetGroupName") == name for who in users):
            code, message = "CacheSubnetGroupInUse", f"Cache subnet group {name} is in use by a cache cluster."
            raise SUBNETS_IN_USE.refusal(code, message)
        with self._world.moto.lock:
            del self._world.backend("elasticache", call.region).cache_subnet_groups[name]
        return {}

    def _known(self, call: Call) -> Any:
        name = call.params["CacheSubnetGroupName"]
        with self._world.moto.lock:
            group = self._world.backend("elasticache", call.region).cache_subnet_groups.get(name)
        if group is None:
            code, message = "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist."
            raise AwsError(code, message, 404)
        return group
