"""What `mldeploy doctor` says about a cluster."""

from __future__ import annotations

from mldeploy_eks.health import cluster_health
from tests.eks.clustered_release import ClusteredRelease
from tests.eks.test_access import kubeconfig


def test_doctor_says_what_a_cluster_lacks_and_how_to_put_it_right(here: ClusteredRelease) -> None:
    config = {
        "autoscaling": {"enabled": True},
        "eks": {"namespace": "nowhere", "gatewayApi": {"gateway": "public", "host": "probe.example.com"}},
    }
    rows = {row.check: row for row in cluster_health(here.deployment(config).context)}
    assert "Kubernetes v" in rows["cluster"].found
    assert (rows["namespace"].state, rows["permissions"].state) == ("fail", "ok")
    assert "kubectl create namespace nowhere" in rows["namespace"].fix
    assert (rows["metrics server"].state, rows["load balancers"].state) == ("warn", "warn")
    assert "helm install aws-load-balancer-controller" in rows["load balancers"].fix
    assert rows["eks.gatewayApi"].state == "fail"
    assert here.left() == []


def test_doctor_prints_the_rules_that_an_identity_lacks(here: ClusteredRelease) -> None:
    here._doors.pop("kubernetes", None)
    config = {"eks": {"kubeconfig": str(kubeconfig(here, "joe"))}}
    rows = {row.check: row for row in cluster_health(here.deployment(config).context)}
    assert rows["permissions"].state == "fail"
    assert 'apiGroups: ["apps"], resources: ["deployments"], verbs: [get, list, create, patch, delete]' in (
        rows["permissions"].fix
    )
    here._doors.pop("kubernetes")


def test_a_cluster_that_does_not_answer_is_a_row_and_no_traceback(here: ClusteredRelease) -> None:
    here._doors.pop("kubernetes", None)
    (row,) = cluster_health(here.deployment({"eks": {"context": "nowhere"}}).context)
    assert row.state == "fail"
    assert "kubeconfig" in row.found
