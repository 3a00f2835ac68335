"""User pools: a key each, tokens as configured, the token endpoint, and Cognito's rules."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import jwt
import pytest
import requests
from botocore.exceptions import ClientError
from gateway import Pool


@pytest.fixture(scope="module")
def pool(sandbox) -> Pool:
    return Pool(sandbox, "people", {"AccessTokenValidity": 15, "TokenValidityUnits": {"AccessToken": "minutes"}})


def verified(pool: Pool, token: str) -> dict:
    """Verify a token as any client would: by the keys that the pool publishes."""
    base = f"{pool.sandbox.running.url}/cognito/{pool.id}/.well-known"
    configuration = requests.get(f"{base}/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(configuration["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["RS256"], issuer=configuration["issuer"], options={"verify_aud": False})


@pytest.mark.req("6.4")
def test_a_client_gets_an_access_token(pool):
    answer = pool.ask(scope="api/predict")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    document = answer.json()
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 900)
    claims = verified(pool, document["access_token"])
    assert claims["sub"] == claims["client_id"] == pool.client_id
    assert (claims["token_use"], claims["scope"], claims["version"]) == ("access", "api/predict", 2)
    assert claims["iss"] == f"https://cognito-idp.eu-central-1.amazonaws.com/{pool.id}"
    assert claims["exp"] - claims["iat"] == 900
    assert claims["iat"] == claims["auth_time"] == pytest.approx(time.time(), abs=30)
    assert "aud" not in claims


def test_without_a_scope_all_custom_scopes_are_granted(pool):
    claims = verified(pool, pool.ask().json()["access_token"])
    assert set(claims["scope"].split()) == {"api/predict", "api/admin"}


def test_the_secret_may_be_in_the_body(pool):
    assert pool.ask(auth=None, client_id=pool.client_id, client_secret=pool.secret).status_code == 200


@pytest.mark.parametrize(
    ("auth", "form", "error"),
    [
        ("client", {"scope": "api/everything"}, "invalid_scope"),
        ("client", {"scope": "openid"}, "invalid_scope"),
        ("client", {"grant_type": "password"}, "unsupported_grant_type"),
        ("client", {"grant_type": ""}, "invalid_request"),
        ("client", {"client_id": "another"}, "invalid_client"),
        (("nobody", "secret"), {}, "invalid_client"),
        (None, {}, "invalid_client"),
    ],
)
def test_a_refused_request_has_a_code_of_the_standard(pool, auth, form, error):
    answer = pool.ask(auth=auth, **form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_wrong_secret_and_a_wrong_media_type_are_refused(pool):
    assert pool.ask(auth=(pool.client_id, "wrong")).json() == {"error": "invalid_client"}
    url = f"{pool.sandbox.running.url}/cognito/{pool.name}/oauth2/token"
    assert requests.post(url, json={}, timeout=10).json() == {"error": "invalid_request"}
    assert requests.get(url, timeout=10).status_code == 405


def test_a_client_without_the_flow_gets_nothing(pool):
    settings = {"GenerateSecret": True, "AllowedOAuthScopes": ["api/predict"]}
    switched_off = pool.client(AllowedOAuthFlows=["client_credentials"], **settings)
    answer = pool.ask(auth=(switched_off["ClientId"], switched_off["ClientSecret"]))
    assert answer.json() == {"error": "invalid_grant"}
    code_only = pool.client(AllowedOAuthFlows=["code"], AllowedOAuthFlowsUserPoolClient=True, **settings)
    answer = pool.ask(auth=(code_only["ClientId"], code_only["ClientSecret"]))
    assert answer.json() == {"error": "unauthorized_client"}


def test_each_pool_has_its_own_key(pool, sandbox):
    other = Pool(sandbox, "others")
    key_ids = {jwt.get_unverified_header(each.token())["kid"] for each in (pool, other)}
    assert len(key_ids) == 2
    with pytest.raises(jwt.PyJWKClientError):
        verified(pool, other.token())


def test_tokens_of_people_are_signed_and_expire_as_configured(pool):
    units = {"AccessToken": "minutes", "IdToken": "hours"}
    tokens = pool.sign_in(AccessTokenValidity=10, IdTokenValidity=2, TokenValidityUnits=units)
    access, identity = verified(pool, tokens["AccessToken"]), verified(pool, tokens["IdToken"])
    assert (access["token_use"], access["exp"] - access["iat"], tokens["ExpiresIn"]) == ("access", 600, 600)
    assert (identity["token_use"], identity["exp"] - identity["iat"]) == ("id", 7200)
    found = pool.cognito.get_user(AccessToken=tokens["AccessToken"])
    assert found["Username"] == access["username"]


def test_unknown_pools_have_no_keys(sandbox):
    url = f"{sandbox.running.url}/cognito/eu-central-1_nothing/.well-known/jwks.json"
    assert requests.get(url, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"AllowedOAuthScopes": ["api/unknown"]}, "ScopeDoesNotExistException", "Invalid scope requested: api/unknown"),
        ({"AllowedOAuthFlows": ["client_credentials"]}, "InvalidOAuthFlowException", "does not have a client secret"),
        (
            {"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True},
            "InvalidOAuthFlowException",
            "along with code flow",
        ),
        ({"AccessTokenValidity": 25}, "InvalidParameterException", "Invalid range for token validity"),
        (
            {"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}},
            "InvalidParameterException",
            "Invalid range for token validity",
        ),
    ],
)
def test_a_client_that_cognito_would_refuse(pool, settings, code, message):
    with pytest.raises(ClientError, match=message) as refused:
        pool.client(**settings)
    assert refused.value.response["Error"]["Code"] == code


def test_a_domain_is_unique_and_a_pool_with_one_stays(sandbox):
    pool = Pool(sandbox, "kept")
    cognito = pool.cognito
    other = cognito.create_user_pool(PoolName="plain")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="Domain already associated with another user pool"):
        cognito.create_user_pool_domain(Domain="kept", UserPoolId=other)
    with pytest.raises(ClientError, match="User pool already has a domain configured"):
        cognito.create_user_pool_domain(Domain="kept-too", UserPoolId=pool.id)
    with pytest.raises(ClientError, match="It has a domain configured that should be deleted first"):
        cognito.delete_user_pool(UserPoolId=pool.id)
    cognito.delete_user_pool_domain(Domain="kept", UserPoolId=pool.id)
    cognito.delete_user_pool(UserPoolId=pool.id)
    assert pool.ask().json() == {"error": "invalid_client"}


def test_a_resource_server_can_be_changed_and_deleted(sandbox):
    pool = Pool(sandbox, "served")
    server = {"UserPoolId": pool.id, "Identifier": "api"}
    scopes = [{"ScopeName": "explain", "ScopeDescription": "explain"}]
    pool.cognito.update_resource_server(**server, Name="api", Scopes=scopes)
    pool.client(AllowedOAuthScopes=["api/explain"])
    with pytest.raises(ClientError, match="Invalid scope requested: api/predict"):
        pool.client(AllowedOAuthScopes=["api/predict"])
    pool.cognito.delete_resource_server(**server)
    for operation in (pool.cognito.delete_resource_server, pool.cognito.describe_resource_server):
        with pytest.raises(ClientError) as refused:
            operation(**server)
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_protected_pool_stays(sandbox):
    cognito = sandbox.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="protected", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="deletion protection is activated"):
        cognito.delete_user_pool(UserPoolId=pool)


def test_a_sign_in_must_be_allowed_and_carry_the_secret_hash(pool):
    cognito = pool.cognito
    name, password = "hashed", "Correct-horse-9"
    cognito.admin_create_user(UserPoolId=pool.id, Username=name)
    cognito.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=password, Permanent=True)

    def sign_in(client: str, **more: str) -> dict:
        parameters = {"USERNAME": name, "PASSWORD": password, **more}
        return cognito.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)

    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH flow not enabled for this client"):
        sign_in(pool.client()["ClientId"])
    client = pool.client(GenerateSecret=True, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])
    with pytest.raises(ClientError, match="SECRET_HASH was not received"):
        sign_in(client["ClientId"])
    digest = hmac.new(client["ClientSecret"].encode(), (name + client["ClientId"]).encode(), hashlib.sha256).digest()
    answer = sign_in(client["ClientId"], SECRET_HASH=base64.b64encode(digest).decode())
    assert verified(pool, answer["AuthenticationResult"]["AccessToken"])["username"] == name
