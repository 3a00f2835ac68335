"""The pods' role, handed out by EKS Pod Identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mldeploy_eks.health import AGENT, cluster_health
from mldeploy_eks.manifests import IRSA
from mldeploy_eks.pod_identities import PodIdentityDriver
from mldeploy_eks.steps import POD_IDENTITY
from mldeploy_permissions.deployer import deployer_policy
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.releases import by_kind, manifests_of, problems_of, release_of

ROLE = "arn:aws:iam::123456789012:role/feature-store"
OTHER = "arn:aws:iam::123456789012:role/other-store"
STEP = f"{POD_IDENTITY}/{OBJECT}"


def with_role(role: str = ROLE) -> dict[str, Any]:
    return {"eks": {"serviceAccount": {"roleArn": role, "podIdentity": True}}}


def associations(here: ClusteredRelease) -> list[dict[str, Any]]:
    eks = here.sandbox.client("eks")
    listed = eks.list_pod_identity_associations(clusterName=OBJECT)["associations"]
    found = [{key: item[key] for key in ("clusterName", "associationId")} for item in listed]
    return [eks.describe_pod_identity_association(**item)["association"] for item in found]


@pytest.mark.req("Q7")
def test_an_association_is_made_changed_in_place_and_taken_away(here: ClusteredRelease) -> None:
    here.run(with_role())
    (made,) = associations(here)
    assert (made["namespace"], made["serviceAccount"], made["roleArn"]) == ("default", OBJECT, ROLE)
    assert made["tags"]["mldeploy:name"] == "probe"
    assert here.changes(with_role()) == {}
    assert here.changes(with_role(OTHER)) == {STEP: f"RoleArn: {ROLE} → {OTHER}"}
    here.run(with_role(OTHER))
    (changed,) = associations(here)
    assert (changed["associationId"], changed["roleArn"]) == (made["associationId"], OTHER)
    here.deployment(with_role()).destroy()
    assert associations(here) == []


def test_an_association_that_no_record_knows_is_found_and_deleted(here: ClusteredRelease) -> None:
    eks = here.sandbox.client("eks")
    tags = dict(here.deployment().context.tags)
    place = {"clusterName": OBJECT, "namespace": "default", "serviceAccount": OBJECT}
    eks.create_pod_identity_association(**place, roleArn=ROLE, tags=tags)
    driver = here.deployment().drivers[POD_IDENTITY]
    assert isinstance(driver, PodIdentityDriver)
    (stray,) = driver.existing()
    found = driver.read(stray)
    assert found is not None
    assert found.owned
    driver.delete(stray, found)
    assert associations(here) == []


def test_whoever_deploys_may_associate_this_role_in_this_cluster_only(here: ClusteredRelease) -> None:
    steps = [step for step in here.deployment(with_role()).steps if step.kind != "mldeploy::ModelImage"]
    policy = deployer_policy(release_of(here.folder, with_role()), steps, account="123456789012")
    allowed = {action: found["Resource"] for found in policy["Statement"] for action in found["Action"]}
    place = "arn:aws:eks:eu-central-1:123456789012"
    assert allowed["eks:UpdatePodIdentityAssociation"] == [f"{place}:podidentityassociation/{OBJECT}/*"]
    assert allowed["eks:ListPodIdentityAssociations"] == [f"{place}:cluster/{OBJECT}"]
    passing = next(found for found in policy["Statement"] if found["Resource"] == [ROLE] and "Condition" in found)
    assert passing["Action"] == ["iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}


def test_doctor_says_when_nobody_hands_out_the_role(here: ClusteredRelease) -> None:
    def row() -> Any:
        return next(row for row in cluster_health(here.deployment(with_role()).context) if row.check == AGENT)

    assert row().state == "fail"
    assert f"aws eks create-addon --cluster-name {OBJECT} --addon-name {AGENT}" in row().fix
    here.sandbox.client("eks").create_addon(clusterName=OBJECT, addonName=AGENT)
    assert row().state == "ok"


def test_pods_start_anew_when_their_way_to_aws_changes(tmp_path: Path) -> None:
    def found(config: dict[str, Any]) -> tuple[Any, Any]:
        manifests = by_kind(manifests_of(tmp_path, config))
        pods = manifests["Deployment"]["spec"]["template"]["metadata"]
        return manifests["ServiceAccount"]["metadata"].get("annotations"), pods.get("annotations")

    by_irsa = {"eks": {"serviceAccount": {"roleArn": ROLE}}}
    assert found({}) == (None, None)
    assert found(by_irsa)[0] == {IRSA: ROLE}
    assert found(with_role())[0] is None
    assert found(with_role()) == found(with_role(OTHER))
    assert len({str(found(config)[1]) for config in ({}, by_irsa, with_role())}) == 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"serviceAccount": {"podIdentity": True}}, "no role is named"),
        ({**with_role()["eks"], "context": "dev"}, "a kubeconfig does not tell the name"),
    ],
)
def test_what_cannot_be_associated_is_refused_at_its_place(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    assert words in problems_of(tmp_path, {"eks": settings})["eks.serviceAccount.podIdentity"]
