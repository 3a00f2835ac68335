"""The comment on a pull request, against a REST API on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.testing import Project
from tests.ci.action.conftest import TOY, MakeRunner
from tests.ci.action.github_api import LONGEST_BODY, PER_PAGE, GithubApi
from tests.ci.action.runner import Runner

MARKER = "<!-- mldeploy:toy:local -->"
PULL_REQUEST = {"pull_request": {"number": 7}}


@pytest.fixture
def runner(make_runner: MakeRunner, github: GithubApi) -> Runner:
    return make_runner(event=PULL_REQUEST, api_url=github.url)


def bodies(github: GithubApi) -> list[str]:
    return [comment["body"] for comment in github.comments]


def test_one_comment_is_written_and_then_updated_in_place(
    runner: Runner, action: Path, toy: Project, github: GithubApi
) -> None:
    runner.use(action, env="local").ok()
    (first,) = bodies(github)
    assert first.startswith(f"{MARKER}\n### mldeploy: `toy` in `local`\n")
    assert "Planned for `0123456789ab` in [this run](https://github.com/someone/reviews/actions/runs/4711)" in first
    runner.use(action, env="local", mode="run").ok()
    (second,) = bodies(github)
    assert "Applied for `0123456789ab`" in second
    assert github.tokens == {"token-of-the-job"}


def test_it_is_found_on_a_later_page(runner: Runner, action: Path, toy: Project, github: GithubApi) -> None:
    for number in range(PER_PAGE + 5):
        github.add(f"comment {number}", login="someone", kind="User")
    ours = github.add(f"{MARKER}\nearlier")
    runner.use(action, env="local").ok()
    assert len(github.comments) == PER_PAGE + 6
    assert "Planned" in ours["body"]


def test_each_environment_has_its_own(runner: Runner, action: Path, toy: Project, github: GithubApi) -> None:
    other = github.add("<!-- mldeploy:toy:prod -->\nprod")
    runner.use(action, env="local").ok()
    assert other["body"].endswith("prod")
    assert len(github.comments) == 2


def test_a_comment_that_somebody_else_could_change_is_not_taken_for_ours(
    runner: Runner, action: Path, toy: Project, github: GithubApi
) -> None:
    theirs = github.add(f"{MARKER}\nfaked", login="someone", kind="User")
    runner.use(action, env="local").ok()
    assert theirs["body"].endswith("faked")
    assert len(github.comments) == 2


def test_with_the_token_of_a_person_their_own_comment_is_ours(
    runner: Runner, action: Path, toy: Project, github: GithubApi
) -> None:
    github.login = "release-manager"
    github.add(f"{MARKER}\nof another bot", login="other[bot]", kind="Bot")
    ours = github.add(f"{MARKER}\nearlier", login="release-manager", kind="User")
    runner.use(action, env="local").ok()
    assert "Planned" in ours["body"]
    assert len(github.comments) == 2


def test_a_fork_may_not_comment_and_nothing_fails(
    runner: Runner, action: Path, toy: Project, github: GithubApi
) -> None:
    github.writable = False
    planned = runner.use(action, env="local").ok()
    assert "### mldeploy: `toy` in `local`" in planned.summary
    (notice,) = planned.log.shown_annotations("notice")
    assert "403 Resource not accessible by integration" in notice.message
    assert "pull requests from forks never have it" in notice.message
    assert planned.outputs["changed"] == "true"


def test_an_api_that_cannot_be_reached_fails_nothing(make_runner: MakeRunner, action: Path, toy: Project) -> None:
    planned = make_runner(event=PULL_REQUEST).use(action, env="local").ok()
    (warning,) = planned.log.shown_annotations("warning")
    assert "GitHub cannot be reached for the comment" in warning.message


def test_no_comment_when_told_not_to(runner: Runner, action: Path, toy: Project, github: GithubApi) -> None:
    runner.use(action, env="local", comment="false").ok()
    assert github.calls == []


def test_no_comment_without_a_pull_request_unless_its_number_is_given(
    make_runner: MakeRunner, action: Path, toy: Project, github: GithubApi
) -> None:
    push = make_runner(event={"ref": "refs/heads/main"}, api_url=github.url)
    push.use(action, env="local").ok()
    assert github.calls == []
    push.use(action, env="local", pull_request="12").ok()
    assert "POST /repos/someone/reviews/issues/12/comments" in github.calls


def test_a_failed_deployment_is_said_in_the_comment(
    runner: Runner, action: Path, toy: Project, github: GithubApi
) -> None:
    toy.write("release.yaml", f"{TOY}toy: {{things: [a], check: fail}}\n")
    assert runner.use(action, env="local", mode="run").exit_code == 6
    assert "Applied, and **failed with exit code 6**" in bodies(github)[0]


def test_a_long_plan_is_cut_between_its_rows(runner: Runner, action: Path, toy: Project, github: GithubApi) -> None:
    things = ", ".join(f"{'ü' * 60}{number}" for number in range(1500))
    toy.write("release.yaml", f"{TOY}toy: {{things: [{things}]}}\n")
    planned = runner.use(action, env="local").ok()
    (body,) = bodies(github)
    assert len(body) <= LONGEST_BODY
    assert "more changes; the plan file has them all" in body
    assert all(line.endswith("|  |") for line in body.splitlines() if line.startswith("| + create"))
    assert planned.outputs["changes-count"] == "1501"
