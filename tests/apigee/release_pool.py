"""The user pool of a deployed release, as forgers see it."""

from __future__ import annotations

from typing import Any

from tests.sandbox.forgeries import Forger
from tests.sandbox.running_sandbox import Sandbox

PASSWORD = "Correct-horse-9"


class ReleasePool:
    """A pool that a deployment has made, or another one beside it; `good` is a token of its machine client."""

    def __init__(self, sandbox: Sandbox, pool_id: str, client_id: str, good: str) -> None:
        self.id, self.client_id, self.key_folder = pool_id, client_id, sandbox.folder
        self._cognito = sandbox.client("cognito-idp")
        self._good = good

    def token(self, scope: str = "") -> str:
        """Return a token; one with another scope is made with the pool's own key."""
        return Forger(self, self).by_pool(scope=scope) if scope else self._good

    def sign_in(self) -> dict[str, Any]:
        """Return the tokens of a person."""
        made = self._cognito.create_user_pool_client(
            UserPoolId=self.id, ClientName="people", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )
        client = made["UserPoolClient"]["ClientId"]
        name = f"person-{client[:8]}"
        self._cognito.admin_create_user(UserPoolId=self.id, Username=name)
        self._cognito.admin_set_user_password(UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True)
        answer = self._cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        return dict(answer["AuthenticationResult"])


def pool_beside(sandbox: Sandbox) -> ReleasePool:
    """Make another pool, whose good token is a person's."""
    cognito = sandbox.client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="beside")["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="client")["UserPoolClient"]["ClientId"]
    stranger = ReleasePool(sandbox, pool_id, client_id, "")
    return ReleasePool(sandbox, pool_id, client_id, stranger.sign_in()["AccessToken"])
