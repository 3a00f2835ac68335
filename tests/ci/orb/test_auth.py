"""A job logs in by its token: files that only it can read, variables that SDKs understand, refusals that help."""

from __future__ import annotations

import json
import shlex
import stat
from pathlib import Path

import pytest

from mldeploy.cli import main

TOKEN = "header.payload.signature"
ROLE = "arn:aws:iam::123456789012:role/deploy/mldeploy"
PROVIDER = "projects/123/locations/global/workloadIdentityPools/ci/providers/circleci"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `mldeploy ci auth`; returns exit code, exported variables and what went to stderr."""
    monkeypatch.setenv("CIRCLE_OIDC_TOKEN_V2", TOKEN)

    def run_it(*arguments: str) -> tuple[int, dict[str, str], str]:
        code = main(["ci", "auth", *arguments, "--folder", str(tmp_path / "kept here")])
        shown = capsys.readouterr()
        words = [shlex.split(line) for line in shown.out.splitlines()]
        assert all(first == "export" and len(rest) == 1 for first, *rest in words)
        return code, dict(rest[0].split("=", 1) for _, *rest in words), shown.err

    return run_it


def test_aws_gets_a_token_file_and_the_variables_of_its_sdks(run):
    code, variables, _ = run("aws", "--role-arn", ROLE, "--region", "eu-central-1", "--session-name", "my repo/" * 20)
    assert code == 0
    token = Path(variables["AWS_WEB_IDENTITY_TOKEN_FILE"])
    assert token.read_text(encoding="utf-8") == TOKEN
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert variables["AWS_ROLE_ARN"] == ROLE
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert variables["AWS_ROLE_SESSION_NAME"].startswith("my-repo-my-repo-")
    assert len(variables["AWS_ROLE_SESSION_NAME"]) == 64


def test_boto3_takes_the_variables_for_a_login_by_web_identity(run, monkeypatch):
    import botocore.session

    _, variables, _ = run("aws", "--role-arn", ROLE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    credentials = botocore.session.Session().get_credentials()
    assert credentials is not None
    assert credentials.method == "assume-role-with-web-identity"


def test_without_a_region_none_is_set(run):
    _, variables, _ = run("aws", "--role-arn", ROLE)
    assert "AWS_REGION" not in variables


@pytest.mark.parametrize(
    "role", ["", "mldeploy", "arn:aws:iam::12:role/x", f"{ROLE};rm -rf ~", "arn:aws:iam::123456789012:user/x"]
)
def test_what_is_no_role_is_refused(role, run):
    code, variables, err = run("aws", "--role-arn", role)
    assert (code, variables) == (2, {})
    assert "is not the ARN of a role" in err


def test_google_gets_a_credential_configuration(run):
    account = "deployer@my-project.iam.gserviceaccount.com"
    code, variables, _ = run("google", "--provider", PROVIDER, "--service-account", account)
    assert code == 0
    path = Path(variables["GOOGLE_APPLICATION_CREDENTIALS"])
    configuration = json.loads(path.read_text(encoding="utf-8"))
    assert configuration["type"] == "external_account"
    assert configuration["audience"] == f"//iam.googleapis.com/{PROVIDER}"
    assert Path(configuration["credential_source"]["file"]).read_text(encoding="utf-8") == TOKEN
    assert configuration["service_account_impersonation_url"].endswith(f"/{account}:generateAccessToken")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TOKEN not in path.read_text(encoding="utf-8")


def test_google_without_an_account_acts_as_the_pool(run):
    _, variables, _ = run("google", "--provider", f"//iam.googleapis.com/{PROVIDER}")
    configuration = json.loads(Path(variables["GOOGLE_APPLICATION_CREDENTIALS"]).read_text(encoding="utf-8"))
    assert "service_account_impersonation_url" not in configuration


@pytest.mark.parametrize(
    ("provider", "account", "message"),
    [("circleci", "", "workload identity provider"), (PROVIDER, "me@example.com", "service account")],
)
def test_what_google_would_not_know_is_refused(provider, account, message, run):
    code, variables, err = run("google", "--provider", provider, "--service-account", account)
    assert (code, variables) == (2, {})
    assert message in err


def test_a_job_without_a_token_is_told_to_use_a_context(run, monkeypatch):
    monkeypatch.delenv("CIRCLE_OIDC_TOKEN_V2")
    code, _, err = run("aws", "--role-arn", ROLE)
    assert code == 9
    assert "context" in err


def circleci(folder: Path, script: str, monkeypatch) -> Path:
    """Put a program `circleci` first on the PATH; it counts its calls."""
    folder.mkdir()
    program = folder / "circleci"
    program.write_text(f'#!/bin/bash\necho "$@" >> "{folder}/calls"\n{script}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "calls"


def test_a_token_for_an_audience_is_asked_for(run, tmp_path, monkeypatch):
    calls = circleci(tmp_path / "bin", "echo minted", monkeypatch)
    _, variables, _ = run("aws", "--role-arn", ROLE, "--audience", "sts.amazonaws.com")
    assert Path(variables["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text(encoding="utf-8") == "minted"
    assert calls.read_text(encoding="utf-8") == 'run oidc get --claims {"aud": "sts.amazonaws.com"}\n'


def test_a_token_is_asked_for_three_times(run, tmp_path, monkeypatch):
    calls = circleci(tmp_path / "bin", "echo no luck >&2; exit 1", monkeypatch)
    code, _, err = run("aws", "--role-arn", ROLE, "--audience", "x")
    assert code == 9
    assert "no luck" in err
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 3


def test_asking_for_a_token_outside_of_circleci_is_explained(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = run("aws", "--role-arn", ROLE, "--audience", "x")
    assert code == 9
    assert "only in a job on CircleCI" in err
