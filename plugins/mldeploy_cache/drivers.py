"""Kind → driver of everything that this plugin makes."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Driver
from mldeploy_cache.aliases import AliasDriver
from mldeploy_cache.functions import FunctionDriver
from mldeploy_cache.interface_endpoints import InterfaceEndpointDriver
from mldeploy_cache.networks import NetworkLookup
from mldeploy_cache.replication_groups import ReplicationGroupDriver
from mldeploy_cache.secrets import SecretDriver
from mldeploy_cache.security_groups import SecurityGroupDriver
from mldeploy_cache.subnet_groups import SubnetGroupDriver
from mldeploy_cache.versions import VersionDriver


def cache_drivers(context: Context) -> Mapping[str, Driver]:
    """Return the drivers, bound to a context."""
    return {
        "AWS::EC2::SecurityGroup": SecurityGroupDriver(context),
        "AWS::EC2::VPCEndpoint": InterfaceEndpointDriver(context),
        "AWS::ElastiCache::ReplicationGroup": ReplicationGroupDriver(context),
        "AWS::ElastiCache::SubnetGroup": SubnetGroupDriver(context),
        "AWS::Lambda::Alias": AliasDriver(context),
        "AWS::Lambda::Function": FunctionDriver(context),
        "AWS::Lambda::Version": VersionDriver(context),
        "AWS::SecretsManager::Secret": SecretDriver(context),
        "mldeploy::Network": NetworkLookup(context),
    }
