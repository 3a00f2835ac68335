"""Actions taken out of a policy one at a time, each while a command is given that needs it, and how that fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy.errors import ExitCode
from tests.permissions.life import Life, without

FAILURES = frozenset({ExitCode.DEPLOY_FAILED, ExitCode.VERIFY_FAILED})
"""Checks ask for the client's secret, with which they call the API."""


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What a command that lacked an action made of it."""

    action: str
    chapter: str
    exit_code: int
    said: str

    @property
    def named(self) -> bool:
        """Whether the command failed as a step or a check fails, and told which action to allow."""
        told = f"perform: {self.action} " in self.said or f"allow {self.action} " in self.said
        return told and self.exit_code in FAILURES


def removed_in_turn(
    life: Life, policy: Mapping[str, Any], used: Mapping[str, Collection[str]], chosen: Collection[str]
) -> Iterator[Removal]:
    """Do without each chosen action in the first chapter that needs it.

    A release is made once per chapter and put right after each command that failed, not made anew for each.

    Arguments:
        life: nothing has been made in it, and nothing is in the end.
        used: chapter → the actions that its commands need under the whole policy, in the order of a life.
        chosen: what to take out.
    """
    left = set(chosen)
    for chapter, needed in used.items():
        here = sorted(left & set(needed))
        left -= set(here)
        if not here:
            continue
        life.enforce(None)
        for prepare in BEFORE[chapter]:
            prepare(life)
        for action in here:
            life.enforce(without(policy, action))
            outcome = life.chapters[chapter]()
            yield Removal(
                action=action, chapter=chapter, exit_code=outcome.exit_code, said=outcome.stdout + outcome.stderr
            )
            life.enforce(None)
            for put_right in AFTER[chapter]:
                put_right(life)
        life.destroy().ok()


def _first(life: Life) -> None:
    life.version(1).ok()


def _second(life: Life) -> None:
    life.version(2).ok()


def _nothing(life: Life) -> None:
    life.destroy().ok()


BEFORE: Mapping[str, tuple[Callable[[Life], None], ...]] = {
    "create": (),
    "repair": (_first,),
    "update": (_first,),
    "rollback": (_first, _second),
    "watch": (_first,),
    "destroy": (_first,),
}
"""Chapter → what has to be there when its command is given."""

AFTER: Mapping[str, tuple[Callable[[Life], None], ...]] = {
    **BEFORE,
    "create": (_nothing,),
    "rollback": (_nothing, _first, _second),
    "watch": (),
}
"""Chapter → how that is restored after the command failed."""
