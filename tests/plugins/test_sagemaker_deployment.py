"""The SageMaker plugin deploys, changes, goes back and cleans up on a real sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mldeploy.errors import DeployError, RefusedError
from mldeploy.model import Action
from mldeploy_sandbox import client
from tests.plugins.served_release import ENDPOINT, ServedRelease
from tests.sandbox.running_sandbox import SERVICE, sandbox_seconds

BROKEN = "import sys; print('the weights are damaged'); sys.exit(3)"
FAILING = SERVICE.replace('if body == b"fail":', "if body:")
GUARDED = {
    "strategy": "canary",
    "stepPercent": 50,
    "bakeSeconds": sandbox_seconds(3),
    "alarms": {"errorsPerMinute": 0},
}
"""Callers ask in real seconds, an alarm counts in minutes of the sandbox: a fast clock leaves few requests in one."""
QUOTA = f"mldeploy::InstanceQuota/{ENDPOINT}"
NO_QUOTAS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "servicequotas:*", "Resource": "*"},
        ],
    }
)
TARGET = f"endpoint/{ENDPOINT}/variant/AllTraffic"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRelease]:
    served = ServedRelease(tmp_path_factory.mktemp("served"))
    yield served
    served.close()


@pytest.fixture(autouse=True)
def emptied(served: ServedRelease) -> Iterator[None]:
    served.events.clear()
    yield
    served.deployment().destroy()
    assert served.left() == []


def changes(served: ServedRelease, config: dict[str, Any] | None = None, **image: str) -> dict[str, str]:
    """Return step id → reason of what a run would change."""
    plan = served.deployment(config, **image).plan()
    return {change.step.id: change.reason for change in plan.mutations}


@pytest.mark.req("4.4", "4.5", "E7", "E12")
def test_a_second_plan_is_empty_and_success_means_our_config_image_and_model(served: ServedRelease) -> None:
    served.run()
    found = served.endpoint()
    assert found["EndpointStatus"] == "InService"
    assert changes(served) == {}
    assert {change.action for change in served.deployment().status()[1].changes} == {Action.KEEP}
    served.run(version="2")
    assert served.endpoint()["EndpointConfigName"] != found["EndpointConfigName"]
    served.deployment(version="2").rollback()
    assert served.endpoint()["EndpointConfigName"] == found["EndpointConfigName"]


@pytest.mark.req("4.5", "4.6")
def test_a_release_that_does_not_start_leaves_the_old_one_serving_and_tells_why(served: ServedRelease) -> None:
    served.run()
    with pytest.raises(DeployError) as caught:
        served.run(version="2", source=BROKEN)
    assert "did not pass the ping health check" in caught.value.message
    assert "went back" in caught.value.message
    assert any("the weights are damaged" in line for line in caught.value.details)
    assert served.sandbox.invoke(ENDPOINT)["body"] == "hello"
    served.run(version="3")


@pytest.mark.full
@pytest.mark.req("4.5")
def test_a_rollback_without_any_reason_is_no_success(served: ServedRelease) -> None:
    served.run()
    before = served.endpoint()["EndpointConfigName"]
    served.inject("silent-rollback")
    with pytest.raises(DeployError, match="SageMaker gives no reason"):
        served.run(version="2")
    served.inject("")
    assert served.endpoint()["EndpointConfigName"] == before


@pytest.mark.req("4.9")
def test_a_first_start_that_failed_is_made_anew_where_that_is_allowed(served: ServedRelease) -> None:
    careful = {"deployment": {"replaceFailed": False}}
    with pytest.raises(DeployError, match="ping health check"):
        served.run(careful, source=BROKEN)
    with pytest.raises(RefusedError, match="can only be deleted") as caught:
        served.run(careful, version="2")
    assert "deployment.replaceFailed" in caught.value.hint
    served.run(version="2")
    assert served.endpoint()["EndpointStatus"] == "InService"


@pytest.mark.req("4.10")
def test_an_update_waits_for_the_one_that_is_under_way(served: ServedRelease) -> None:
    served.run()
    other = served.sandbox.configure("theirs")
    served.sandbox.client("sagemaker").update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=other)
    served.run(version="2")
    assert served.endpoint()["EndpointConfigName"].startswith("probe-local-")


@pytest.mark.req("4.11", "9.5")
def test_data_capture_of_somebody_else_goes_on_and_is_reported(served: ServedRelease) -> None:
    served.run()
    _change_by_hand(served, "capturing", capture=True)
    served.run()
    assert served.endpoint()["DataCaptureConfig"]["EnableCapture"]
    assert any("DataCaptureConfig" in line for line in served.told())
    assert changes(served) == {}


@pytest.mark.req("4.11")
def test_settings_that_an_update_would_drop_stop_it(served: ServedRelease) -> None:
    served.run()
    _change_by_hand(served, "routing", RoutingConfig={"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"})
    assert "RoutingConfig" in changes(served)[f"AWS::SageMaker::Endpoint/{ENDPOINT}"]
    with pytest.raises(RefusedError, match="RoutingConfig"):
        served.run()
    served.run({"deployment": {"dropForeignSettings": True}})
    assert served.endpoint()["EndpointConfigName"].startswith("probe-local-")


@pytest.mark.req("F2", "4.11")
def test_weights_that_somebody_changed_are_seen_and_put_back_without_a_new_fleet(served: ServedRelease) -> None:
    second = {"name": "challenger", "modelDataUrl": "s3://archives/second.tar.gz", "trafficPercent": 25}
    config = {"endpoint": {"variants": [second]}}
    served.run(config)
    pid = served.sandbox.invoke(ENDPOINT, TargetVariant="AllTraffic")["pid"]
    assert served.sandbox.invoke(ENDPOINT, TargetVariant="challenger")["model"] == "second.tar.gz"
    served.sandbox.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT, DesiredWeightsAndCapacities=[{"VariantName": "challenger", "DesiredWeight": 90}]
    )
    served.sandbox.wait_for(ENDPOINT, "InService")
    assert "DesiredWeights" in changes(served, config)[f"AWS::SageMaker::Endpoint/{ENDPOINT}"]
    served.run(config)
    weights = {v["VariantName"]: v["CurrentWeight"] for v in served.endpoint()["ProductionVariants"]}
    assert weights == {"AllTraffic": 75.0, "challenger": 25.0}
    assert served.sandbox.invoke(ENDPOINT, TargetVariant="AllTraffic")["pid"] == pid


@pytest.mark.req("4.4", "F4")
def test_scaled_out_instances_and_scaling_survive_updates_and_another_instance_type(served: ServedRelease) -> None:
    morning = {"name": "morning", "schedule": "cron(0 7 ? * MON-FRI *)", "minInstances": 2, "maxInstances": 6}
    scaling = {"enabled": True, "maxInstances": 6, "metric": "concurrency", "schedules": [morning]}
    config = {"autoscaling": scaling}
    served.run(config)
    served.sandbox.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]
    )
    served.sandbox.wait_for(ENDPOINT, "InService")
    assert changes(served, config) == {}
    served.run(config, version="2")
    assert served.endpoint()["ProductionVariants"][0]["DesiredInstanceCount"] == 4
    larger = {**config, "instance": {"type": "ml.m5.xlarge"}}
    served.run(larger, version="2")
    autoscaling = served.sandbox.client("application-autoscaling")
    where = {"ServiceNamespace": "sagemaker", "ResourceId": TARGET}
    assert autoscaling.describe_scaling_policies(**where)["ScalingPolicies"]
    assert autoscaling.describe_scheduled_actions(**where)["ScheduledActions"]
    assert changes(served, larger, version="2") == {}


@pytest.mark.req("F4")
def test_bounds_that_a_schedule_set_are_no_drift(served: ServedRelease) -> None:
    night = {"name": "night", "schedule": "cron(0 22 * * ? *)", "minInstances": 2, "maxInstances": 2}
    config = {"autoscaling": {"enabled": True, "schedules": [night]}}
    served.run(config)
    register = served.sandbox.client("application-autoscaling").register_scalable_target
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": TARGET,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    register(**where, MinCapacity=2, MaxCapacity=2)
    assert changes(served, config) == {}
    register(**where, MinCapacity=1, MaxCapacity=9)
    assert list(changes(served, config)) == [f"AWS::ApplicationAutoScaling::ScalableTarget/{TARGET}"]


@pytest.mark.req("9.6", "4.5")
def test_a_canary_that_fails_requests_is_stopped_by_its_alarm(served: ServedRelease) -> None:
    config = {"deployment": GUARDED, "instance": {"count": 2}}
    served.run(config)
    with _calling(served, b"hello"), pytest.raises(DeployError, match="probe-local-errors"):
        served.run(config, version="2", source=FAILING)
    assert [served.sandbox.invoke(ENDPOINT)["body"] for _ in range(5)] == ["hello"] * 5
    assert f"AWS::SageMaker::Endpoint/{ENDPOINT}" not in changes(served, config)
    with _calling(served, b"fail"):
        served.run(config, version="3")
    assert any("is on already" in line for line in served.told()), "an alarm that rings does not stop the repair"


@pytest.mark.full
@pytest.mark.req("9.6")
@pytest.mark.parametrize("strategy", ["canary", "rolling"])
def test_a_good_release_takes_over_in_steps(served: ServedRelease, strategy: str) -> None:
    config = {"deployment": {**GUARDED, "strategy": strategy}, "instance": {"count": 2}}
    served.run(config)
    served.run(config, version="2")
    assert "Updating, Baking" in served.told()
    used = served.endpoint()["LastDeploymentConfig"]
    assert ("RollingUpdatePolicy" in used) == (strategy == "rolling")
    assert used["AutoRollbackConfiguration"]["Alarms"] == [{"AlarmName": "probe-local-errors"}]
    assert changes(served, config, version="2") == {}


@contextmanager
def _calling(served: ServedRelease, body: bytes) -> Iterator[None]:
    """Let somebody send requests meanwhile, whether they fail or not."""
    done = threading.Event()
    caller = threading.Thread(target=_call_until, args=(served, body, done))
    caller.start()
    try:
        yield
    finally:
        done.set()
        caller.join()


def _call_until(served: ServedRelease, body: bytes, done: threading.Event) -> None:
    runtime = served.sandbox.client("sagemaker-runtime")
    while not done.wait(0.02):
        try:
            runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=body)
        except runtime.exceptions.ModelError:
            continue


def _change_by_hand(served: ServedRelease, name: str, *, capture: bool = False, **variant: Any) -> None:
    """Move the endpoint to a configuration that somebody made in the console."""
    sagemaker = served.sandbox.client("sagemaker")
    live = sagemaker.describe_endpoint_config(EndpointConfigName=served.endpoint()["EndpointConfigName"])
    variants = [{**live["ProductionVariants"][0], **variant}]
    settings: dict[str, Any] = {}
    if capture:
        settings["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://archives/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **settings)
    sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=name)
    served.sandbox.wait_for(ENDPOINT, "InService")


@pytest.fixture
def one_instance(served: ServedRelease) -> Iterator[str]:
    """Let the account run one instance; return the name of that quota."""
    name = "ml.m5.large for endpoint usage"
    client.ask(served.sandbox.running, "POST", "quota", {"name": name, "value": "1"})
    yield name
    client.ask(served.sandbox.running, "POST", "quota", {"name": name, "value": "20"})


@pytest.mark.req("4.4")
def test_a_quota_that_is_too_small_is_in_the_plan_and_no_endpoint_is_asked_for(
    served: ServedRelease, one_instance: str
) -> None:
    two = {"instance": {"count": 2}}
    reason = changes(served, two)[QUOTA]
    page = "https://eu-central-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/L-"
    assert reason.startswith(f"the quota '{one_instance}' is 1, 2 are needed: {page}")
    with pytest.raises(RefusedError, match=one_instance):
        served.run(two)
    assert served.sandbox.client("sagemaker").list_endpoints()["Endpoints"] == []


@pytest.mark.req("4.4")
def test_an_update_needs_room_for_the_old_instances_too(served: ServedRelease, one_instance: str) -> None:
    served.run()
    assert changes(served) == {}, "what runs already asks for nothing"
    assert "2 are needed, 1 of them for the old release" in changes(served, version="2")[QUOTA]


def test_quotas_that_may_not_be_read_stop_nothing(served: ServedRelease) -> None:
    client.ask(served.sandbox.running, "POST", "policy", {"policy": NO_QUOTAS})
    try:
        planned = changes(served)
    finally:
        client.ask(served.sandbox.running, "POST", "policy", {"policy": ""})
    assert planned[QUOTA] == "", "nothing is said to be short"
    assert f"AWS::SageMaker::Endpoint/{ENDPOINT}" in planned


@pytest.mark.req("E3")
def test_the_log_group_is_there_first_with_a_retention_and_goes_with_the_rest(served: ServedRelease) -> None:
    before = len(client.calls(served.sandbox.running))
    served.run()
    called = [call["operation"] for call in client.calls(served.sandbox.running)[before:]]
    assert called.index("PutRetentionPolicy") < called.index("CreateEndpoint")
    logs, group = served.sandbox.client("logs"), f"/aws/sagemaker/Endpoints/{ENDPOINT}"
    served.sandbox.invoke(ENDPOINT)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
    served.deployment().destroy()
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


@pytest.mark.req("E4")
def test_a_role_of_somebody_else_is_left_alone_until_it_is_adopted(served: ServedRelease) -> None:
    iam, name = served.sandbox.client("iam"), f"{ENDPOINT}-sagemaker"
    theirs = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=theirs)
    before = len(client.calls(served.sandbox.running))
    with pytest.raises(RefusedError, match="does not carry our tags"):
        served.run()
    assert not [
        c for c in client.calls(served.sandbox.running)[before:] if c["operation"].startswith(("Put", "Create"))
    ]
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"] == []
    adopting = served.deployment()
    adopting.adopt = True
    adopting.run()
    assert served.endpoint()["EndpointStatus"] == "InService"


@pytest.mark.req("E10")
def test_an_endpoint_that_could_not_go_back_is_told_and_the_next_run_rolls_forward(served: ServedRelease) -> None:
    served.run()
    served.inject(f"{ENDPOINT} rollback-fail")
    try:
        with pytest.raises(DeployError, match="Going back failed too: the endpoint serves a mix of") as caught:
            served.run(version="2", source=BROKEN)
    finally:
        served.inject("")
    assert "the next run rolls forward" in caught.value.hint
    assert served.endpoint()["EndpointStatus"] == "UpdateRollbackFailed"
    assert served.deployment().status()[1].mutations, "status shows that it is not as it should be"
    served.run(version="3")
    assert served.endpoint()["EndpointStatus"] == "InService"
