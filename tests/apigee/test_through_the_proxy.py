"""A project from `init`, deployed by the command line as a user would: predictions come through the proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from mldeploy.testing import Project

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
TEXT = "I love this camera, it works perfectly."
STAGING = """\
  staging:
    image: {builder: process}
    expose: {gateway: apigee, accessLogs: {enabled: false}, auth: {protectUsers: false}}
    apigee: {organization: local, environment: local, basePath: /staging}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    Project(folder).run_process("init", "demo", "--no-input", "--no-git").ok()
    found = Project(folder / "demo")
    text = (found.folder / "release.yaml").read_text()
    found.write("release.yaml", text.replace("  staging: {}\n", STAGING))
    found.run_process("sandbox", "up").ok()
    yield found
    found.run_process("sandbox", "down").ok()


def addresses(project: Project) -> Mapping[str, str]:
    """Return the environment in which the sandbox stands for AWS and for Google, whose login it stands for, too."""
    url = project.run_process("sandbox", "status", "--json").ok().json["url"]
    project.write("job-token", "the.token.of-a-job")
    account = f"{url}/google/v1/projects/-/serviceAccounts/deployer@local.iam.gserviceaccount.com"
    credentials = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/google/v1/token",
        "service_account_impersonation_url": f"{account}:generateAccessToken",
        "credential_source": {"file": str(project.folder / "job-token")},
    }
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "APIGEE_ENDPOINT_URL": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(project.write("credentials.json", json.dumps(credentials))),
    }


@pytest.mark.req("7.6", "8.13", "Q3")
@pytest.mark.parametrize("env", ["local", "staging"])
def test_a_release_is_served_kept_and_removed(project: Project, env: str) -> None:
    where, options = addresses(project) if env != "local" else {}, ("--env", env)

    def run(*arguments: str) -> str:
        return project.run_process(*arguments, *options, environment=where, seconds=400).ok().stdout

    chosen = ("--gateway", "apigee") if env == "local" else ()
    assert "/predict" in run("run", "--yes", *chosen)
    answer = json.loads(run("invoke", "--json", TEXT))
    assert answer["status"] == 200
    assert json.loads(answer["body"])["predictions"][0]["label"] == "positive"
    plan = json.loads(run("plan", "--json", *chosen))
    assert set(plan["counts"]) == {"keep", "run"}
    assert any(row["step"].startswith("Apigee::KeyValueMap/") for row in plan["encryption"])
    if env != "local":  # this machine bills nothing
        prices = {line["item"]: line["after"] for line in plan["cost"]["lines"]}
        assert prices["Apigee proxy"] is None, "an unknown price is shown as unknown"
    run("destroy", "--yes")
    assert project.run_process("status", *options, environment=where).exit_code == 2
