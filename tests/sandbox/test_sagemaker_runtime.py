"""InvokeEndpoint: errors, variants and limits."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Sandbox


@pytest.fixture(scope="module")
def endpoint(sandbox: Sandbox) -> str:
    return sandbox.deploy("runtime", environment={"VERSION": "1"})


def refusal(call) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_unknown_endpoint(sandbox):
    code, status, message = refusal(lambda: sandbox.invoke("nobody"))
    assert (code, status) == ("ValidationError", 400)
    assert message == "Endpoint nobody of account 123456789012 not found."


def test_error_of_the_service_is_a_model_error(sandbox, endpoint):
    with pytest.raises(ClientError) as caught:
        sandbox.invoke(endpoint, b"fail")
    response = caught.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    assert response["OriginalMessage"] == '{"detail": "out of cheese"}'
    assert "/aws/sagemaker/Endpoints/runtime:log-stream:AllTraffic/i-" in response["LogStreamArn"]


def test_largest_body_passes_and_one_byte_more_is_refused(sandbox, endpoint):
    assert len(sandbox.invoke(endpoint, b"x" * 6291456)["body"]) == 6291456
    code, status, message = refusal(lambda: sandbox.invoke(endpoint, b"x" * 6291457))
    assert (code, status) == ("ValidationError", 400)
    assert "less than or equal to 6291456" in message


def test_weights_and_target_variant_choose_the_process(sandbox):
    sagemaker = sandbox.client("sagemaker")
    for name in ("blue", "green"):
        sandbox.configure(name, environment={"VERSION": name})
    place = {"InstanceType": "ml.m6i.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="both",
        ProductionVariants=[
            {"VariantName": "blue", "ModelName": "blue", "InitialVariantWeight": 1, **place},
            {"VariantName": "green", "ModelName": "green", "InitialVariantWeight": 0, **place},
        ],
    )
    sagemaker.create_endpoint(EndpointName="split", EndpointConfigName="both")
    sandbox.wait_for("split", "InService")
    assert {sandbox.invoke("split")["version"] for _ in range(8)} == {"blue"}
    assert sandbox.invoke("split", TargetVariant="green")["version"] == "green"
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="split",
        DesiredWeightsAndCapacities=[
            {"VariantName": "blue", "DesiredWeight": 0},
            {"VariantName": "green", "DesiredWeight": 1},
        ],
    )
    sandbox.wait_for("split", "InService")
    assert {sandbox.invoke("split")["version"] for _ in range(8)} == {"green"}
    assert refusal(lambda: sandbox.invoke("split", TargetVariant="red"))[0] == "ValidationError"


def test_streaming_is_not_offered_and_says_so(sandbox, endpoint):
    runtime = sandbox.client("sagemaker-runtime")
    code, status, message = refusal(
        lambda: runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"x")
    )
    assert (code, status) == ("NotImplemented", 501)
    assert "sagemaker-runtime:InvokeEndpointWithResponseStream" in message
