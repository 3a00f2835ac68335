"""AWS::EKS::PodIdentityAssociation: the role that pods with a service account get from EKS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_eks.names import cluster_name, is_named_by_file, namespace_of
from mldeploy_eks.steps import POD_IDENTITY

GONE = "ResourceNotFoundException"


class PodIdentityDriver(AwsDriver):
    """Spec: ClusterName, Namespace, ServiceAccount, RoleArn. Outputs: AssociationId, AssociationArn.

    A service account has one association at most, and so it is looked up by the account's name.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html.
    """

    service = "eks"
    parents = ("ClusterName",)

    def find(self, step: Step) -> Observed | None:
        """Return the association of the service account; none where there is no cluster any more."""
        place = {key: step.spec[name] for key, name in PLACE.items()}
        listed = found_or_none(lambda: self.client.list_pod_identity_associations(**place), GONE)
        if listed is None or not listed["associations"]:
            return None
        identity = {key: listed["associations"][0][key] for key in ("clusterName", "associationId")}
        answer = found_or_none(lambda: self.client.describe_pod_identity_association(**identity), GONE)
        if answer is None:
            return None
        live = answer["association"]
        tags = live.get("tags", {})
        return Observed(
            outputs=_outputs(live),
            spec={**{name: live[key] for key, name in PLACE.items()}, "RoleArn": live["roleArn"]},
            owned=self.owns(tags),
            drift=self.tag_drift(tags),
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Make the association."""
        place = {key: step.spec[name] for key, name in PLACE.items()}
        answer = self.client.create_pod_identity_association(**place, roleArn=step.spec["RoleArn"], tags=self.tags())
        return _outputs(answer["association"])

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Name another role; pods that run get its credentials when theirs expire."""
        self.put_tags(step, observed)
        self.client.update_pod_identity_association(
            clusterName=step.spec["ClusterName"],
            associationId=observed.outputs["AssociationId"],
            roleArn=step.spec["RoleArn"],
        )
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is enough
        """Put our tags."""
        self.client.tag_resource(resourceArn=observed.outputs["AssociationArn"], tags=self.tags())

    def remove(self, step: Step, observed: Observed) -> None:
        """Delete the association; pods that run keep their credentials until these expire."""
        identity = {"clusterName": step.spec["ClusterName"], "associationId": observed.outputs["AssociationId"]}
        found_or_none(lambda: self.client.delete_pod_identity_association(**identity), GONE)

    def candidates(self) -> Iterable[Step]:
        """Yield the association that this release may have made, where EKS knows the cluster."""
        config = self.context.config
        if not is_named_by_file(config):
            cluster = cluster_name(config, self.context.name, self.context.env)
            spec = {"ClusterName": cluster, "Namespace": namespace_of(config), "ServiceAccount": self.stem}
            yield self.perhaps(POD_IDENTITY, self.stem, Phase.PROVISION, spec)


PLACE = {"clusterName": "ClusterName", "namespace": "Namespace", "serviceAccount": "ServiceAccount"}
"""Member of the API → property of the spec."""


def _outputs(live: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return {"AssociationId": live["associationId"], "AssociationArn": live["associationArn"]}
