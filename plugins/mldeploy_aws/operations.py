"""What each AWS operation is: whether it may be repeated, which refusals pass by waiting, how often it may be called.

Most operations are known by their names: `Describe…` reads, `Delete…` deletes, `Put…` may be repeated. The table has
what a name does not say, and every `Create…`: AWS has no idempotency tokens for the resources that we make.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a call does to the world."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """A refusal that passes: error code, what the message contains, and for how many seconds to go on trying."""

    code: str
    text: str = ""
    seconds: float

    def matches(self, code: str, text: str) -> bool:
        """Return whether an error is this refusal."""
        return code == self.code and re.search(self.text, text, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of AWS.

    - `repeatable`: a second identical call leaves the world as the first one did. When the answer to a call that is
      not repeatable is lost, somebody has to look before it is made again.
    - `transient`: refusals that pass by waiting.
    - `interval`: seconds between two calls of one account.
    """

    kind: Kind
    repeatable: bool = True
    transient: tuple[Transient, ...] = ()
    interval: float = 0.0


NAME_PATTERNS = (
    (Kind.READ, re.compile(r"(Describe|Get|List|Head|Filter|Lookup|Scan|Search|BatchGet|BatchCheck)[A-Z]")),
    (Kind.DELETE, re.compile(r"(Delete|Deregister|Remove|Untag|Detach|Disassociate|BatchDelete)[A-Z]")),
    (Kind.UPDATE, re.compile(r"(Put|Update|Tag|Set|Attach|Register|Modify)[A-Z]|AddTags")),
)
"""How the names of AWS operations begin; the first match counts."""

ROLE_SECONDS = 120
"""How long IAM may take until a new role can be used everywhere (IAM user guide, "Changes that I make are not always
immediately visible"; aws-cli issue 7700: the waiter RoleExists is not enough)."""
SIGHT_SECONDS = 60
"""How long a SageMaker resource may stay invisible after it was made (API reference of CreateEndpoint)."""


def _create(*transient: Transient, interval: float = 0.0) -> Operation:
    return Operation(kind=Kind.CREATE, repeatable=False, transient=transient, interval=interval)


def _update(*transient: Transient, repeatable: bool = True, interval: float = 0.0) -> Operation:
    return Operation(kind=Kind.UPDATE, repeatable=repeatable, transient=transient, interval=interval)


def _delete(*transient: Transient, interval: float = 0.0) -> Operation:
    return Operation(kind=Kind.DELETE, transient=transient, interval=interval)


def _unseen(thing: str) -> Transient:
    return Transient(code="ValidationException", text=f"could not find {thing}", seconds=SIGHT_SECONDS)


_LAMBDA_ROLE = Transient(
    code="InvalidParameterValueException",
    text="cannot be assumed|does not have permissions|throttled by EC2|KMS key is invalid for CreateGrant",
    seconds=ROLE_SECONDS,
)
"""Other messages of the same code are mistakes, which no waiting repairs."""
_SAGEMAKER_ROLE = Transient(code="ValidationException", text="could not assume role", seconds=ROLE_SECONDS)

_DELETING_ENDPOINT = Transient(code="ValidationException", text="in-progress endpoint", seconds=900)
_DELETING_GROUP = Transient(code="InvalidReplicationGroupState", seconds=2400)
"""What a second deletion is told until the first one, whose answer was lost, has come to its end."""

_WEB_ACL = Transient(code="WAFUnavailableEntityException", seconds=60)
"""A web ACL or stage that WAF cannot see yet (API reference, AssociateWebACL: wait and try again)."""

TABLE: dict[tuple[str, str], Operation] = {
    # Intervals of API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    ("apigateway", "CreateBasePathMapping"): _create(),
    ("apigateway", "CreateApiKey"): _create(interval=0.2),
    ("apigateway", "CreateDeployment"): _create(interval=5),
    ("apigateway", "CreateDomainName"): _create(interval=30),
    ("apigateway", "CreateRestApi"): _create(interval=3),
    ("apigateway", "CreateStage"): _create(),
    ("apigateway", "CreateUsagePlan"): _create(),
    ("apigateway", "CreateUsagePlanKey"): _create(),
    ("apigateway", "DeleteRestApi"): _delete(interval=31),
    ("apigateway", "PutRestApi"): _update(interval=1),
    ("apigateway", "UpdateAccount"): _update(interval=20),
    ("apigateway", "UpdateUsagePlan"): _update(repeatable=False, interval=20),  # a stage is removed once
    ("cognito-idp", "CreateResourceServer"): _create(),
    ("cognito-idp", "CreateUserPool"): _create(),
    ("cognito-idp", "CreateUserPoolClient"): _create(),
    ("cognito-idp", "CreateUserPoolDomain"): _create(),
    ("ec2", "AuthorizeSecurityGroupIngress"): _create(),
    ("ec2", "CreateSecurityGroup"): _create(),
    ("ec2", "CreateTags"): _update(),
    ("ec2", "CreateVpcEndpoint"): _create(),
    ("ec2", "RevokeSecurityGroupIngress"): Operation(kind=Kind.DELETE),
    ("ecr", "CompleteLayerUpload"): _create(),
    ("ecr", "CreateRepository"): _create(),
    ("ecr", "InitiateLayerUpload"): _update(),  # a second upload is begun, the first one expires
    ("ecr", "PutImage"): _create(),  # tags are immutable: a second call is refused
    ("ecr", "StartImageScan"): _update(repeatable=False),  # once a day; whoever waits looks before
    ("ecr", "UploadLayerPart"): _update(repeatable=False),  # parts have to follow each other
    ("eks", "CreatePodIdentityAssociation"): _create(),
    ("elasticache", "CreateCacheSubnetGroup"): _create(),
    ("elasticache", "CreateReplicationGroup"): _create(),
    ("elasticache", "DeleteReplicationGroup"): _delete(_DELETING_GROUP),
    ("iam", "CreateRole"): _create(),
    ("lambda", "AddPermission"): _create(),
    ("lambda", "CreateAlias"): _create(),
    ("lambda", "CreateFunction"): _create(_LAMBDA_ROLE),
    ("lambda", "PublishVersion"): _update(),  # publishes nothing where nothing has changed since
    ("lambda", "UpdateFunctionConfiguration"): _update(_LAMBDA_ROLE),
    ("logs", "CreateLogGroup"): _create(),
    ("s3", "CreateBucket"): _create(),
    ("sagemaker", "CreateEndpoint"): _create(_unseen("endpoint configuration")),
    ("sagemaker", "CreateEndpointConfig"): _create(_unseen("model")),
    ("sagemaker", "CreateModel"): _create(_SAGEMAKER_ROLE),
    ("sagemaker", "DeleteEndpoint"): _delete(_DELETING_ENDPOINT),
    ("sagemaker", "UpdateEndpoint"): _update(_unseen("endpoint configuration"), repeatable=False),
    ("sagemaker-runtime", "InvokeEndpoint"): _update(repeatable=False),  # a caller asks once
    ("sagemaker-runtime", "InvokeEndpointAsync"): _update(repeatable=False),
    ("secretsmanager", "CreateSecret"): _create(),
    ("secretsmanager", "RestoreSecret"): _update(),
    ("wafv2", "AssociateWebACL"): _update(_WEB_ACL),
}
"""Operations whose name does not say everything. Those that are missing are never repeated blindly."""

BUSY: dict[str, tuple[Transient, ...]] = {
    "apigateway": (Transient(code="ConflictException", text="concurrent modification", seconds=60),),
    "application-autoscaling": (Transient(code="ConcurrentUpdateException", seconds=60),),
    "cognito-idp": (Transient(code="ConcurrentModificationException", seconds=60),),
    "iam": (
        Transient(code="ConcurrentModification", seconds=60),
        Transient(code="EntityTemporarilyUnmodifiable", seconds=60),
    ),
    "lambda": (Transient(code="ResourceConflictException", text="in progress|pending", seconds=ROLE_SECONDS),),
    "logs": (Transient(code="OperationAbortedException", seconds=30),),
    "s3": (Transient(code="OperationAborted", seconds=60), Transient(code="ConditionalRequestConflict", seconds=60)),
}
"""What services answer while another change is going on; the SDK retries none of these. Sources: the errors of each
operation in the API references; "concurrent modification": terraform-provider-aws issue 3174."""


def operation_of(service: str, name: str) -> Operation:
    """Return what is known of an operation.

    Arguments:
        service: its name in botocore, such as `cognito-idp`.
        name: the name of the operation in the API reference.
    """
    known = TABLE.get((service, name))
    if known is not None:
        return known
    kind = next((kind for kind, pattern in NAME_PATTERNS if pattern.match(name)), None)
    return Operation(kind=kind) if kind else Operation(kind=Kind.CREATE, repeatable=False)


def is_declared(service: str, name: str) -> bool:
    """Return whether the table or the name says what an operation is."""
    return (service, name) in TABLE or any(pattern.match(name) for _, pattern in NAME_PATTERNS)
