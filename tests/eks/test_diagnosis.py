"""`mldeploy diagnose` on Kubernetes: cause, evidence and fix, while pods fail and after they were undone."""

from __future__ import annotations

import pytest

from mldeploy.doors import Diagnosis
from mldeploy.errors import DeployError
from mldeploy_eks.diagnosis import ClusterDiagnostician
from tests.eks.clustered_release import OBJECT, ClusteredRelease

CRASHING = "raise SystemExit('no licence')"


def diagnosed(here: ClusteredRelease, *, pushed: bool = True) -> Diagnosis:
    """Diagnose what was deployed last; with `pushed` False, after its image was deleted from ECR."""
    deployment = here.deployment()
    record, _ = deployment.status()
    if not pushed:
        deployment.context.outputs = lambda _step: {}
    return ClusterDiagnostician(deployment.context).diagnose(record)


def codes(found: Diagnosis) -> list[str]:
    return [cause.code for cause in found.causes]


@pytest.mark.req("4.6", "Q7")
def test_a_release_that_never_served_names_why_and_what_its_output_says(here: ClusteredRelease) -> None:
    with pytest.raises(DeployError):
        here.run(version="bad", source=CRASHING)
    found = diagnosed(here)
    assert codes(found) == ["crash-loop"]
    assert "its output ends with: no licence" in found.causes[0].evidence
    assert "mldeploy contract" in found.causes[0].fix
    assert found.status == f"0 of 1 of {OBJECT} are available"


@pytest.mark.full
@pytest.mark.req("4.6", "Q7")
def test_a_release_that_was_undone_names_why_although_its_pods_are_gone(here: ClusteredRelease) -> None:
    here.run()
    assert codes(diagnosed(here)) == []
    assert codes(diagnosed(here, pushed=False)) == ["image-missing"]
    with pytest.raises(DeployError):
        here.run(version="bad", source=CRASHING)
    found = diagnosed(here)
    assert codes(found) == ["crash-loop", "undone"]
    assert "restarting failed container" in found.causes[0].evidence
    assert found.status == f"1 of 1 of {OBJECT} are available"


@pytest.mark.full
@pytest.mark.req("4.6", "Q7")
def test_an_image_that_is_gone_and_a_deployment_that_is_gone_are_named(here: ClusteredRelease) -> None:
    here.run()
    with pytest.raises(DeployError):
        here.run(version="bad", source=None)
    assert codes(diagnosed(here)) == ["image-pull", "undone"]
    here.run()
    here.cluster.delete("Deployment", OBJECT)
    assert codes(diagnosed(here)) == ["deployment-missing"]
    here.run()
    assert codes(diagnosed(here)) == []
