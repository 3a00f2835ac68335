"""mldeploy::AccessCheck: nobody gets in without each of the credentials, or with a changed one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_checks.check import Check, shown

REFUSED = {401, 403}


class AccessCheck(Check):
    """Spec: Request, After. Outputs: Refused (how many wrong credentials were refused)."""

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - tasks have no state
        """Send the request with every credential missing, and with every credential changed.

        Raises:
            VerifyError: one of them was let in.
        """
        attempts = list(_wrong(self.caller.credentials()))
        for what, credentials in attempts:
            answer = self.send(step.spec["Request"], credentials)
            if answer.status not in REFUSED:
                message = f"a request with {what} got {shown(answer)} instead of 401 or 403"
                raise self.failure(message)
        return {"Refused": len(attempts)}


def _wrong(credentials: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in credentials.items():
        yield f"no {name}", {key: other for key, other in credentials.items() if key != name}
        yield f"a changed {name}", {**credentials, name: _changed(value)}


def _changed(value: str) -> str:
    """Return a credential with one character in its middle changed; a token keeps its form."""
    middle = len(value) // 2
    return f"{value[:middle]}{'A' if value[middle] != 'A' else 'B'}{value[middle + 1 :]}"
