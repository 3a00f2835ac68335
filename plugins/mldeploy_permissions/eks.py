"""Grants of the kinds of the plugin `eks`; what it may do inside the cluster, Kubernetes decides by itself."""

from __future__ import annotations

from mldeploy_permissions.grants import Grant, Guard

POD_IDENTITY_CLUSTER = "arn:aws:eks:{region}:{account}:cluster/{ClusterName.Name}"
POD_IDENTITY = "arn:aws:eks:{region}:{account}:podidentityassociation/{ClusterName.Name}/*"
EKS = {
    "mldeploy::ClusterAccess": (
        Grant("eks", "DescribeCluster", ("arn:aws:eks:{region}:{account}:cluster/{Name}",)),
        Grant("eks", "DescribeAddon", ("arn:aws:eks:{region}:{account}:addon/{Name}/eks-pod-identity-agent/*",)),
    ),
    "AWS::EKS::PodIdentityAssociation": (
        Grant("eks", "ListPodIdentityAssociations", (POD_IDENTITY_CLUSTER,)),
        Grant("eks", "CreatePodIdentityAssociation TagResource", (POD_IDENTITY_CLUSTER, POD_IDENTITY), Guard.TAGS),
        Grant(
            "eks",
            "DeletePodIdentityAssociation DescribePodIdentityAssociation TagResource UpdatePodIdentityAssociation",
            (POD_IDENTITY,),
        ),
        Grant("iam", "GetRole", ("{RoleArn}",)),
        Grant("iam", "PassRole", ("{RoleArn}",), conditions=(("iam:PassedToService", "pods.eks.amazonaws.com"),)),
    ),
    "Kubernetes::Deployment": (Grant("cloudwatch", "DescribeAlarms", ("*",), when="RollbackAlarms"),),
    "Kubernetes::Secret": (
        Grant(
            "secretsmanager",
            "GetSecretValue",
            ("arn:aws:secretsmanager:{region}:{account}:secret:{PasswordSecretArn}-??????",),
        ),
    ),
    "mldeploy::ModelImage": (
        Grant(
            "ecr",
            "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload DescribeImages"
            " GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart",
            ("arn:aws:ecr:{region}:{account}:repository/{RepositoryName}",),
        ),
    ),
}
"""Kind → grants."""
