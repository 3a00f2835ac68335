"""Trust policies for roles that CI systems assume by OpenID Connect: audience and subject pinned, each to one value.

`StringEquals` with a key that a token does not carry is false; `ForAllValues:` would be true then, so it is never used
(IAM user guide, "Multivalued context keys").
"""

from __future__ import annotations

from mldeploy.model import JSON
from mldeploy_aws.policies import document

GITHUB = "token.actions.githubusercontent.com"
AWS_AUDIENCE = "sts.amazonaws.com"
"""What aws-actions/configure-aws-credentials asks for."""
CIRCLECI = "oidc.circleci.com/org/{}"
ANY_USER = "?" * 36
"""Any id of a user. With `*` a branch of any name would do: `*` takes slashes, too, so a branch could be called
`x/vcs-origin/…/vcs-ref/refs/heads/main`."""


def github_trust(account: str, owner: tuple[str, str], repository: tuple[str, str], environment: str) -> JSON:
    """Return the trust policy for jobs of one repository in one GitHub environment.

    Arguments:
        account: the AWS account, twelve digits.
        owner, repository: name and id of each. Repositories made or renamed since 2026-07-15 have both in the subject
            of their tokens; for an older one that has not opted in the ids are empty.

    Source: https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
    """
    place = "/".join("@".join(filter(None, named)) for named in (owner, repository))
    subject = f"repo:{place}:environment:{_escaped(environment)}"
    return _trust(account, GITHUB, {"StringEquals": {f"{GITHUB}:aud": AWS_AUDIENCE, f"{GITHUB}:sub": subject}})


def circleci_trust(account: str, organization: str, project: str, *, origin: str, branch: str) -> JSON:
    """Return the trust policy for jobs of one CircleCI project that run for one branch of one repository.

    The subject names the user who triggered the job, who may be anybody; this is the one place with wildcards.

    Arguments:
        account: the AWS account, twelve digits.
        organization, project: their ids (UUIDs).
        origin: the repository as tokens name it, such as `github.com/octo-org/octo-repo`: forks have another.

    Sources: https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/ (format of
    CIRCLE_OIDC_TOKEN_V2); for `project-id` the condition keys of AWS STS in the service authorization reference.
    """
    provider = CIRCLECI.format(organization)
    subject = f"org/{organization}/project/{project}/user/{ANY_USER}/vcs-origin/{origin}/vcs-ref/refs/heads/{branch}"
    exact = {f"{provider}:aud": organization, f"{provider}:oidc.circleci.com/project-id": project}
    return _trust(account, provider, {"StringEquals": exact, "StringLike": {f"{provider}:sub": subject}})


def _trust(account: str, provider: str, conditions: JSON) -> JSON:
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{provider}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": conditions,
        }
    )


def _escaped(environment: str) -> str:
    """Return the name of an environment as subjects have it (same page, "Filtering for metadata containing :")."""
    return environment.replace(":", "%3A")
