"""What the gateway consists of, as data: the origin at AWS, the proxy in front of it, and the release's own key."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.gateway_policy import GatewayPolicy, gateway_policy
from mldeploy.limits import MARGIN_SECONDS
from mldeploy.model import JSON
from mldeploy_apigee.bundle.access import Issuer
from mldeploy_apigee.bundle.content import bundle_trees
from mldeploy_apigee.bundle.logs import access_log
from mldeploy_apigee.bundle.proxy import ProxyEndpoint, Threats, answer_headers
from mldeploy_apigee.bundle.target import TargetEndpoint
from mldeploy_apigee.names import base_path, developer_email, map_name, place_of
from mldeploy_apigee.rules import apigee_problems
from mldeploy_gateway.cognito_steps import client_steps, pool_step
from mldeploy_gateway.names import scopes_of
from mldeploy_gateway.steps import ServedApi, served_api_steps

SECRETS = "secretsmanager:"
TLS_PROTOCOLS = ["TLSv1.2", "TLSv1.3"]


def apigee_steps(release: Release) -> Iterator[Step | Problem]:
    """Describe the gateway of a release; the deployment provides `api`."""
    policy = gateway_policy(release, "apigee")
    yield from apigee_problems(release, policy)
    issuer = yield from _issuer_steps(release, policy)
    allowed = release.value("apigee.originAllowedCidrs") or ()
    origin_policy = _origin_policy(release, policy)
    origin = yield from served_api_steps(release, origin_policy, None, provides="", allowed_cidrs=allowed)
    server, keys = _target_server(release, origin.stage), _key_value_map(release, policy)
    yield from (server, keys)
    target = _target(release, policy, origin, (server, keys))
    revision = _revision(release, _proxy(release, policy, issuer, origin, keys), target)
    deployment = _deployment(release, revision)
    yield from (revision, deployment)
    if policy.asks_for_key:
        yield from _key_steps(release, policy, deployment)


def _issuer_steps(release: Release, policy: GatewayPolicy) -> Generator[Step, None, Issuer | None]:
    """Describe the user pool, unless release.yaml names another issuer; return whose tokens let in."""
    token = policy.token
    if token is None or token.introspection is not None:
        return None
    if token.issuer:
        keys = token.jwks_uri or (yield from _discovery(release, token.issuer)).ref("JwksUri")
        return Issuer(name=token.issuer, jwks_uri=keys)
    pool = pool_step(release)
    steps = list(client_steps(release, pool, token))
    yield from (pool, *steps)
    clients = tuple(step.ref("ClientId") for step in steps if step.kind == "AWS::Cognito::UserPoolClient")
    return Issuer(name=pool.ref("ProviderURL"), jwks_uri=pool.ref("JwksUri"), clients=clients)


def _discovery(release: Release, issuer: str) -> Generator[Step, None, Step]:
    """Describe the look at what an issuer says of its keys; describing it asks nobody."""
    step = Step(kind="mldeploy::OpenIdIssuer", name=release.resource_name, phase=Phase.EXPOSE, spec={"Issuer": issuer})
    yield step
    return step


def _origin_policy(release: Release, policy: GatewayPolicy) -> GatewayPolicy:
    """Return what the REST API asks of the proxy: its key, and nothing that the proxy has seen to already."""
    origin = replace(policy, asks_for_key=True, token=None, quota=None, cors=None, answer_headers={})
    return replace(origin, timeout_seconds=_origin_seconds(release))


def _origin_seconds(release: Release) -> float:
    """Return how long the REST API may take."""
    return release.chain.budget("api-gateway")


def _target_server(release: Release, stage: Step) -> Step:
    encrypted = stage.ref("Encrypted")
    spec = {
        **place_of(release),
        "host": stage.ref("Host"),
        "port": stage.ref("Port"),
        "isEnabled": True,
        "sSLInfo": {"enabled": encrypted, "enforce": encrypted, "protocols": TLS_PROTOCOLS},
    }
    return _step("TargetServer", release.resource_name, spec)


def _key_value_map(release: Release, policy: GatewayPolicy) -> Step:
    """Describe what the proxy shows others: the origin's key, and its credentials at an auth service."""
    key = Ref(f"AWS::ApiGateway::ApiKey/{release.resource_name}", "ApiKeyId")
    introspection = policy.token.introspection if policy.token else None
    client: JSON = None
    if introspection is not None:
        client = {
            "clientId": introspection.client_id,
            "secretName": introspection.client_secret.removeprefix(SECRETS),
        }
    spec = {**place_of(release), "encrypted": True, "originKeyId": key, "introspection": client}
    return _step("KeyValueMap", map_name(release.resource_name), spec)


def _proxy(
    release: Release, policy: GatewayPolicy, issuer: Issuer | None, origin: ServedApi, keys: Step
) -> ProxyEndpoint:
    """Return what callers talk to: the origin's operations, and nothing else."""
    return ProxyEndpoint(
        api=release.resource_name,
        policy=policy,
        operations=origin.operations,
        base_path=base_path(release),
        issuer=issuer,
        scopes=_scopes(release, policy, issuer),
        threats=_threats(release),
        key_value_map=keys.ref(Ref.NAME),
        log=_log(release),
    )


def _target(release: Release, policy: GatewayPolicy, origin: ServedApi, way: tuple[Step, Step]) -> TargetEndpoint:
    server, keys = way
    return TargetEndpoint(
        server=server.ref(Ref.NAME),
        path=origin.stage.ref("BasePath"),
        key_value_map=keys.ref(Ref.NAME),
        timeout_seconds=min(policy.timeout_seconds, _origin_seconds(release) + MARGIN_SECONDS),
        headers=answer_headers(policy),
    )


def _revision(release: Release, proxy: ProxyEndpoint, target: TargetEndpoint) -> Step:
    spec = {
        "organization": place_of(release)["organization"],
        "api": release.resource_name,
        "basePath": base_path(release),
        "files": bundle_trees(proxy, target),
    }
    return replace(_step("Revision", release.resource_name, spec), immutable=True)


def _scopes(release: Release, policy: GatewayPolicy, issuer: Issuer | None) -> tuple[str, ...]:
    if policy.token is None or issuer is None:
        return ()
    return tuple(scopes_of(release.resource_name, policy)) if issuer.is_own else policy.token.scopes


def _threats(release: Release) -> Threats:
    limits = release.config["apigee"]["bodyLimits"]
    return Threats(
        container_depth=limits["containerDepth"],
        entry_count=limits["objectEntryCount"],
        name_length=limits["objectEntryNameLength"],
    )


def _log(release: Release) -> JSON:
    if not (release.value("expose.accessLogs.enabled") and release.value("apigee.serviceAccount")):
        return None
    return access_log(str(release.value("apigee.organization")), f"mldeploy-{release.resource_name}")


def _deployment(release: Release, revision: Step) -> Step:
    spec = {
        **place_of(release),
        "api": release.resource_name,
        "revision": revision.ref("revision"),
        "basePath": base_path(release),
        "hostname": release.value("apigee.hostname"),
        "serviceAccount": release.value("apigee.serviceAccount"),
    }
    settings = {"ReadySeconds": release.value("apigee.readySeconds")}
    return replace(_step("Deployment", release.resource_name, spec), provides="api", settings=settings)


def _key_steps(release: Release, policy: GatewayPolicy, deployment: Step) -> Iterator[Step]:
    place, quota = place_of(release), policy.quota
    product = _step(
        "ApiProduct",
        release.resource_name,
        {
            "organization": place["organization"],
            "environments": [place["environment"]],
            "proxies": [deployment.ref("api")],
            "approvalType": "auto",
            "quota": str(quota.limit) if quota else None,
            "quotaInterval": "1" if quota else None,
            "quotaTimeUnit": quota.period if quota else None,
        },
    )
    developer = _step("Developer", developer_email(release.resource_name), {"organization": place["organization"]})
    app = {"developer": developer.ref(Ref.NAME), "apiProducts": [product.ref(Ref.NAME)]}
    yield from (
        product,
        developer,
        _step("DeveloperApp", release.resource_name, {"organization": place["organization"], **app}),
    )


def _step(kind: str, name: str, spec: JSON) -> Step:
    return Step(kind=f"Apigee::{kind}", name=name, phase=Phase.EXPOSE, spec=spec)
