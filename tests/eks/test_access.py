"""Who we are to the cluster, and what it lets us do: asked before anything in it is changed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
import yaml

from mldeploy.errors import RefusedError, UsageError
from mldeploy_eks.tokens import HEADER, PREFIX, Tokens, presigned_token
from tests.eks.clustered_release import OBJECT, ClusteredRelease

RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"


def kubeconfig(here: ClusteredRelease, user: str) -> Path:
    """Write a kubeconfig for a user of the sandbox's cluster."""
    cluster = here.sandbox.client("eks").describe_cluster(name=OBJECT)["cluster"]
    server = {"server": cluster["endpoint"], "certificate-authority-data": cluster["certificateAuthority"]["data"]}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": server}],
        "users": [{"name": user, "user": {"token": f"sandbox-user:{user}"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": user}}],
    }
    path = here.folder / f"{user}.kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.req("Q7")
def test_a_refusal_names_what_is_missing_and_the_rules_that_it_prints_are_enough(here: ClusteredRelease) -> None:
    admin = here.cluster
    here._doors.pop("kubernetes")
    config = {"eks": {"kubeconfig": str(kubeconfig(here, "jane"))}}
    with pytest.raises(RefusedError) as caught:
        here.run(config)
    assert "create deployments.apps in namespace default" in caught.value.details
    assert "get pods/log in namespace default" in caught.value.details
    assert here.left(admin) == []
    rules = yaml.safe_load(caught.value.hint.partition("\n")[2])
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "deployer"},
        "rules": rules,
    }
    admin._sent("POST", f"{RBAC}/roles", body=role)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "jane"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}],
    }
    admin._sent("POST", f"{RBAC}/rolebindings", body=binding)
    here.run(config)
    assert here.live()["status"]["availableReplicas"] == 1
    here.deployment(config).destroy()
    assert here.left(admin) == []


def test_an_add_on_that_is_missing_is_named_before_anything_is_made(here: ClusteredRelease) -> None:
    here._doors.pop("kubernetes", None)
    keda = {"serverAddress": "http://prometheus:9090", "query": "sum(requests)", "threshold": 5}
    with pytest.raises(RefusedError, match=r"does not know ScaledObject \(keda.sh/v1alpha1\)"):
        here.run({"autoscaling": {"enabled": True}, "eks": {"keda": keda}})
    assert here.left() == []


def test_a_namespace_that_is_missing_is_named(here: ClusteredRelease) -> None:
    here._doors.pop("kubernetes", None)
    with pytest.raises(RefusedError, match="no namespace models") as caught:
        here.run({"eks": {"namespace": "models"}})
    assert "createNamespace: true" in caught.value.hint
    here._doors.pop("kubernetes")


@pytest.mark.parametrize(
    ("text", "words"), [(None, "not found"), ("contexts: []\nclusters: []\nusers: []\n", "No current context")]
)
def test_a_kubeconfig_that_is_no_use_is_named(here: ClusteredRelease, text: str | None, words: str) -> None:
    here._doors.pop("kubernetes", None)
    path = here.folder / "broken.kubeconfig"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=words):
        here.run({"eks": {"kubeconfig": str(path)}})


def sts() -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        "sts", "eu-central-1", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x"
    )


def test_a_token_is_a_presigned_call_that_names_the_cluster() -> None:
    client = sts()
    token = presigned_token(client, "models")
    text = token.removeprefix(PREFIX)
    url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    query = parse_qs(url.query)
    assert url.hostname == "sts.eu-central-1.amazonaws.com"
    assert query["Action"] == ["GetCallerIdentity"]
    assert HEADER in query["X-Amz-SignedHeaders"][0].split(";")
    assert query["X-Amz-Expires"] == ["60"]
    assert client.generate_presigned_url("get_caller_identity")  # other calls of the client are as they were


def test_a_token_is_made_anew_before_it_expires() -> None:
    now = [0.0]
    tokens = Tokens(sts(), "models", clock=lambda: now[0])
    first = tokens.current()
    now[0] = 599.0
    assert tokens.current() is first
    now[0] = 601.0
    assert tokens.current() is not first
