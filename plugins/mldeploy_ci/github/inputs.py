"""The inputs of the action: texts from the environment, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mldeploy.cli.options import PHASES
from mldeploy.errors import UsageError
from mldeploy.suggestions import suggestion

PREFIX = "MLDEPLOY_INPUT_"
"""A composite action gets no variables for its inputs; action.yml hands each one over under this prefix."""
PLAN, APPLY_PLAN, RUN = MODES = ("plan", "apply-plan", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the workflow asks for; empty texts and None mean that it says nothing."""

    mode: str
    env: str
    file: str
    phases: tuple[str, ...]
    plan_path: Path | None
    plan_digest: str
    working_directory: Path
    comment: bool
    pull_request: int | None
    github_token: str


def read_inputs(environment: Mapping[str, str]) -> Inputs:
    """Return the inputs.

    Raises:
        UsageError: one of them cannot be used; the runner itself checks none.
    """

    def text(name: str) -> str:
        return environment.get(PREFIX + name.replace("-", "_").upper(), "").strip()

    inputs = Inputs(
        mode=_choice("mode", text("mode") or PLAN, MODES),
        env=text("env"),
        file=text("file") or "release.yaml",
        phases=tuple(_choice("phase", phase, PHASES) for phase in text("phase").replace(",", " ").split()),
        plan_path=Path(text("plan-path")).absolute() if text("plan-path") else None,
        plan_digest=text("plan-digest"),
        working_directory=Path(text("working-directory") or "."),
        comment=_choice("comment", text("comment") or "true", ("true", "false")) == "true",
        pull_request=_number("pull-request", text("pull-request")),
        github_token=text("github-token"),
    )
    _choice("sandbox", text("sandbox") or "false", ("true", "false"))  # the installation has used it
    _check(inputs)
    return inputs


def _check(inputs: Inputs) -> None:
    if not inputs.env:
        _refuse("the input 'env' is missing", "name the environment, such as `env: dev`")
    if not inputs.working_directory.is_dir():
        _refuse(f"working-directory: there is no folder '{inputs.working_directory}'", "check the code out first")
    if inputs.mode == APPLY_PLAN and inputs.plan_path is None:
        _refuse("the mode apply-plan needs the input 'plan-path'", "hand over the output plan-path of the mode plan")
    if inputs.mode == PLAN and (inputs.phases or inputs.plan_digest):
        _refuse("the inputs 'phase' and 'plan-digest' do not go with the mode plan", "a plan is made for all phases")


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        _refuse(f"{name}: '{value}' is not one of {', '.join(choices)}", suggestion(value, choices, listed="there are"))
    return value


def _number(name: str, value: str) -> int | None:
    if value and not (value.isascii() and value.isdigit()):
        _refuse(f"{name}: '{value}' is not a number", "use the number of the pull request, such as 12")
    return int(value) if value else None


def _refuse(message: str, hint: str) -> None:
    raise UsageError(message, hint=hint)
