"""The cache's Redis inside the cluster, as steps."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.compute import CACHE_PASSWORD, REDIS, has_redis
from mldeploy_eks.kinds import PREFIX
from mldeploy_eks.names import namespace_of
from mldeploy_eks.redis_manifests import redis_deployment, redis_network_policy, redis_service
from mldeploy_eks.redis_names import redis_labels, redis_name


def redis_problems(release: Release) -> Iterator[Problem]:
    """Yield what release.yaml may not say about a Redis inside the cluster."""
    if not release.value("eks.redis"):
        return
    if not release.value("cache.enabled"):
        message = "eks.redis is the cache's, and the cache is switched off"
        yield Problem(message=message, path=("eks", "redis"), hint="set cache.enabled: true, or take eks.redis out")
    if release.value("cache.redis"):
        message = "both eks.redis and cache.redis say where answers are kept"
        yield Problem(message=message, path=("eks", "redis"), hint="take one of the two out")


def redis_objects(release: Release, first: dict[str, JSON]) -> Iterator[Step]:
    """Yield the objects of Redis; none where the cache has another one, or none."""
    if not _is_wanted(release):
        return
    before, version = dict(first), None
    if release.value("cache.tls"):
        secret = _secret(release, first)
        before["Secret"], version = secret.ref(Ref.NAME), secret.ref("Version")
        yield secret
    if release.value("eks.networkPolicy"):
        policy = _object(redis_network_policy(release), first)
        before["NetworkPolicy"] = policy.ref(Ref.NAME)
        yield policy
    repository, _, digest = release.value("eks.redis.image").partition("@")
    image = {"RepositoryUri": repository, "Digest": digest}
    settings = {"WaitSeconds": release.value("deployment.waitSeconds")}
    yield _object(redis_deployment(release, version), {**before, **image}, settings)
    yield _object(redis_service(release), first)


def redis_address(release: Release) -> Iterator[Step]:
    """Yield the step that fills the role `redis`."""
    if not _is_wanted(release):
        return
    name = redis_name(release)
    secret = Ref(f"{PREFIX}Secret/{name}", "Certificate")
    yield Step(
        kind="mldeploy::ClusterRedis",
        name=name,
        phase=Phase.PROVISION,
        spec={
            "Name": Ref(f"{PREFIX}Service/{name}", Ref.NAME),
            "Deployment": Ref(f"{PREFIX}Deployment/{name}", Ref.NAME),
            "Certificate": secret if release.value("cache.tls") else "",
        },
        provides=REDIS.removeprefix("@"),
    )


def _is_wanted(release: Release) -> bool:
    return bool(has_redis(release) and release.value("cache.enabled"))


def _secret(release: Release, first: dict[str, JSON]) -> Step:
    spec = {
        "Namespace": namespace_of(release.config),
        "Labels": redis_labels(release),
        "PasswordSecretArn": Ref(CACHE_PASSWORD, "Arn"),
        "PasswordVersion": Ref(CACHE_PASSWORD, "Version"),
    }
    return Step(kind=f"{PREFIX}Secret", name=redis_name(release), phase=Phase.PROVISION, spec={**spec, **first})


def _object(manifest: JSON, more: dict[str, JSON], settings: dict[str, JSON] | None = None) -> Step:
    return Step(
        kind=f"{PREFIX}{manifest['kind']}",
        name=manifest["metadata"]["name"],
        phase=Phase.PROVISION,
        spec={"Manifest": manifest, **more},
        settings=settings or {},
    )
