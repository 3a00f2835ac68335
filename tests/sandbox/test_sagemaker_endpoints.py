"""Endpoints live, answer, change and die as on AWS."""

from __future__ import annotations

import os
import threading

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Sandbox, eventually, tar_gz


def log_lines(sandbox: Sandbox, endpoint: str) -> list[str]:
    logs = sandbox.client("logs")
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_endpoint_answers_with_model_data_headers_and_environment(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="models", Key="a/model.tar.gz", Body=tar_gz({"weights.txt": "42"}))
    name = sandbox.deploy("answers", environment={"VERSION": "1"}, ModelDataUrl="s3://models/a/model.tar.gz")
    answer = sandbox.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body=b"hi", ContentType="text/plain", Accept="application/json", CustomAttributes="c=1"
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "seen"
    seen = sandbox.invoke(name, b"hi", ContentType="text/plain", Accept="application/json", CustomAttributes="c=1")
    assert seen | {"pid": 0} == {
        "path": "/invocations",
        "version": "1",
        "pid": 0,
        "body": "hi",
        "content_type": "text/plain",
        "accept": "application/json",
        "attributes": "c=1",
        "model": "42",
        "endpoint_url": sandbox.running.url,
        "image": "yes",
    }


def test_describe_has_the_shape_of_aws(sandbox):
    image = sandbox.push()
    name = sandbox.deploy("described", image=image, InitialInstanceCount=2)
    found = sandbox.client("sagemaker").describe_endpoint(EndpointName=name)
    variant = found["ProductionVariants"][0]
    assert found["EndpointConfigName"] == "described-1"
    assert found["EndpointArn"] == "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/described"
    assert found["CreationTime"] <= found["LastModifiedTime"]
    assert "FailureReason" not in found
    assert "DataCaptureConfig" not in found
    assert (variant["DesiredInstanceCount"], variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 2, 1.0)
    deployed = variant["DeployedImages"][0]
    assert (deployed["SpecifiedImage"], deployed["ResolvedImage"]) == (image, image)


def test_output_of_the_process_is_in_cloudwatch_logs(sandbox):
    name = sandbox.deploy("logged", environment={"VERSION": "7"})
    assert "starting version 7 with ['serve']" in log_lines(sandbox, name)


def test_process_that_ends_at_start_fails_the_endpoint_at_once(sandbox):
    config = sandbox.configure("broken-1", environment={"BREAK": "at start"})
    sandbox.client("sagemaker").create_endpoint(EndpointName="broken", EndpointConfigName=config)
    found = sandbox.wait_for("broken", "Failed")
    assert "AllTraffic did not pass the ping health check" in found["FailureReason"]
    assert "cannot load the model" in log_lines(sandbox, "broken")
    with pytest.raises(ClientError, match="Cannot update failed endpoint"):
        sandbox.client("sagemaker").update_endpoint(EndpointName="broken", EndpointConfigName=config)
    sandbox.client("sagemaker").delete_endpoint(EndpointName="broken")


def test_image_that_is_no_process_image_says_so(sandbox):
    config = sandbox.configure("docker-1", image=sandbox.push(label="docker"))
    sandbox.client("sagemaker").create_endpoint(EndpointName="docker", EndpointConfigName=config)
    assert "runs process images only" in sandbox.wait_for("docker", "Failed")["FailureReason"]


def test_update_moves_traffic_without_a_lost_request_and_ends_the_old_process(sandbox):
    name = sandbox.deploy("updated", environment={"VERSION": "1"})
    old = sandbox.invoke(name)["pid"]
    config = sandbox.configure("updated-2", environment={"VERSION": "2"})
    answers: list[str] = []
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            answers.append(sandbox.invoke(name)["version"])

    caller = threading.Thread(target=call)
    caller.start()
    sandbox.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
    assert sandbox.wait_for(name, "InService")["EndpointConfigName"] == "updated-2"
    eventually(lambda: answers and answers[-1] == "2")
    done.set()
    caller.join()
    assert sorted(answers) == answers
    eventually(lambda: not is_alive(old))


def test_failing_update_rolls_back_while_the_old_version_answers(sandbox):
    name = sandbox.deploy("kept", environment={"VERSION": "1"})
    config = sandbox.configure("kept-2", environment={"BREAK": "at start"})
    sandbox.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
    assert sandbox.invoke(name)["version"] == "1"
    found = sandbox.wait_for(name, "InService")
    assert found["EndpointConfigName"] == "kept-1"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert sandbox.invoke(name)["version"] == "1"


def test_second_update_while_one_runs_is_refused(sandbox):
    name = sandbox.deploy("busy")
    config = sandbox.configure("busy-2", environment={"VERSION": "2"})
    sagemaker = sandbox.client("sagemaker")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    for change in (
        lambda: sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config),
        lambda: sagemaker.delete_endpoint(EndpointName=name),
    ):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            change()
    sandbox.wait_for(name, "InService")


@pytest.mark.req("4.4")
@pytest.mark.parametrize(("retain", "count"), [(True, 3), (False, 1)])
def test_update_keeps_the_scaled_out_count_only_when_asked(sandbox, retain, count):
    name = sandbox.deploy(f"scaled-{count}")
    sagemaker = sandbox.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    )
    assert sandbox.wait_for(name, "InService")["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    config = sandbox.configure(f"{name}-2", environment={"VERSION": "2"})
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, RetainAllVariantProperties=retain)
    assert sandbox.wait_for(name, "InService")["ProductionVariants"][0]["DesiredInstanceCount"] == count


def test_deleted_endpoint_is_gone_with_its_process_and_scalable_target(sandbox):
    name = sandbox.deploy("deleted")
    pid = sandbox.invoke(name)["pid"]
    scaling = sandbox.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/deleted/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    sagemaker = sandbox.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=name)
    eventually(lambda: name not in [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]])
    assert not is_alive(pid)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName=name)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_tags_of_endpoints_work(sandbox):
    name = sandbox.deploy("tagged")
    sagemaker = sandbox.client("sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "search"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "search"}]
    found = sandbox.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "team"}])
    assert [resource["ResourceARN"] for resource in found["ResourceTagMappingList"]] == [arn]


def test_process_that_dies_in_service_is_started_again(sandbox):
    name = sandbox.deploy("mortal")
    first = sandbox.invoke(name)["pid"]
    with pytest.raises(ClientError):
        sandbox.invoke(name, b"die")

    def look():
        try:
            return sandbox.invoke(name)["pid"]
        except sandbox.client("sagemaker-runtime").exceptions.ServiceUnavailable:
            return None

    assert eventually(look) != first
    assert any("ended with code 7" in line for line in log_lines(sandbox, name))
