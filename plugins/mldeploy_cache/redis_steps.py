"""The Redis of a cache, as data: bound, brought by what serves, or an ElastiCache of our own."""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy import Phase, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.compute import CACHE_PASSWORD, REDIS, has_redis
from mldeploy_cache.names import cache_name, redis_name
from mldeploy_cache.vpc_steps import Network, has_password

PASSWORD_LENGTH = 64
"""ElastiCache takes 16 to 128 characters (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """How the function reaches Redis, and the steps that make it.

    - `password`: the ARN of the secret with its password; None where it asks for none.
    - `certificate`: the one certificate that it shows; None where well-known authorities vouch for it.
    """

    host: JSON
    port: JSON
    password: JSON = None
    certificate: JSON = None
    steps: tuple[Step, ...] = ()


def redis_of(release: Release, network: Network | None) -> Redis:
    """Return the Redis of a release."""
    if bound := release.value("cache.redis"):
        host, _, port = bound["endpoint"].rpartition(":")
        return Redis(host=host, port=port, password=bound.get("secretArn"))
    made = (_password(release),) if has_password(release) else ()
    password = made[0].ref("Arn") if made else None
    if has_redis(release):
        certificate = Ref(REDIS, "Certificate") if encrypts(release) else None
        host, port = (Ref(REDIS, key) for key in ("Address", "Port"))
        return Redis(host=host, port=port, password=password, certificate=certificate, steps=made)
    subnets = () if network is None else (_subnets(release, network),)
    group = _group(release, password, network, subnets)
    return Redis(host=group.ref("Address"), port=group.ref("Port"), password=password, steps=(*made, *subnets, group))


def encrypts(release: Release) -> bool:
    """Return whether Redis is spoken to over TLS."""
    return bool(release.value("cache.tls"))


def _password(release: Release) -> Step:
    spec = {"GenerateSecretString": {"PasswordLength": PASSWORD_LENGTH, "ExcludePunctuation": True}}
    return Step(
        kind="AWS::SecretsManager::Secret",
        name=cache_name(release.resource_name),
        phase=Phase.PROVISION,
        spec=spec,
        provides=CACHE_PASSWORD.removeprefix("@"),
    )


def _subnets(release: Release, network: Network) -> Step:
    placed = {"CacheSubnetGroupDescription": f"mldeploy {release.name} {release.env}", "SubnetIds": network.subnets}
    name = redis_name(release.resource_name)
    return Step(kind="AWS::ElastiCache::SubnetGroup", name=name, phase=Phase.PROVISION, spec=placed)


def _group(release: Release, password: JSON, network: Network | None, subnets: tuple[Step, ...]) -> Step:
    spec: dict[str, JSON] = {
        "Engine": "valkey",
        "CacheNodeType": release.value("cache.nodeType"),
        "NumCacheClusters": 1,
        "AutomaticFailoverEnabled": False,
        "TransitEncryptionEnabled": encrypts(release),
        "AtRestEncryptionEnabled": True,
    }
    if password is not None:
        spec["AuthTokenSecretArn"] = password
    if network is not None:
        spec |= {"CacheSubnetGroupName": subnets[0].ref(Ref.NAME), "SecurityGroupIds": [network.inner_group]}
    name = redis_name(release.resource_name)
    return Step(kind="AWS::ElastiCache::ReplicationGroup", name=name, phase=Phase.PROVISION, spec=spec)
