"""Functions that really run, under AWS's own runtime client."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from functions import invoke, make_function, role, zipped
from running_sandbox import eventually

ECHO = """
import os, time
print("loading")
LOADED = time.time()

def main(event, context):
    print("handling", event)
    return {
        "event": event,
        "pid": os.getpid(),
        "loaded": LOADED,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "variables": dict(os.environ),
    }
"""
TROUBLE = """
import os, time
def main(event, context):
    if "seconds" in event:
        time.sleep(event["seconds"])
    if "code" in event:
        os._exit(event["code"])
    if "bytes" in event:
        return "x" * event["bytes"]
    if "message" in event:
        raise ValueError(event["message"])
    return os.getpid()
"""


@pytest.mark.req("5.2")
def test_a_function_gets_its_event_context_and_environment(sandbox):
    arn = make_function(sandbox, "echo", ECHO, Environment={"Variables": {"TTL": "3600"}}, MemorySize=512, Timeout=7)
    done = invoke(sandbox, "echo", {"instances": ["ü"]})
    assert (done.status, done.error, done.version) == (200, None, "$LATEST")
    answer = done.json
    assert answer["event"] == {"instances": ["ü"]}
    assert answer["name"] == "echo"
    assert answer["arn"] == arn
    assert 6000 < answer["left"] <= 7000
    variables = answer["variables"]
    assert variables["TTL"] == "3600"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_REGION"] == "eu-central-1"
    assert variables["AWS_ENDPOINT_URL"] == sandbox.running.url


@pytest.mark.parametrize("name", ["echo", "echo:$LATEST", "function:echo", "arn"])
def test_a_function_is_found_by_name_and_arn(sandbox, name):
    arn = sandbox.client("lambda").get_function(FunctionName="echo")["Configuration"]["FunctionArn"]
    assert invoke(sandbox, arn if name == "arn" else name).json["name"] == "echo"


def test_a_worker_is_reused_and_its_output_belongs_to_its_own_event(sandbox):
    make_function(sandbox, "reused", ECHO)
    first, second = invoke(sandbox, "reused", 1), invoke(sandbox, "reused", 2)
    assert first.json["pid"] == second.json["pid"]
    assert first.log.splitlines()[1:3] == ["loading", "handling 1"]
    assert second.log.splitlines()[1:2] == ["handling 2"]
    assert "Init Duration" in first.log
    assert "Init Duration" not in second.log


def test_start_end_and_report_are_in_cloudwatch(sandbox):
    make_function(sandbox, "logged", ECHO)
    invoke(sandbox, "logged", "seen in the log")
    logs = sandbox.client("logs")
    stream = logs.describe_log_streams(logGroupName="/aws/lambda/logged")["logStreams"][0]["logStreamName"]
    events = logs.get_log_events(logGroupName="/aws/lambda/logged", logStreamName=stream)["events"]
    lines = [event["message"] for event in events]
    assert [line.split()[0] for line in lines] == ["START", "loading", "handling", "END", "REPORT"]
    assert "[$LATEST]" in stream
    assert "Memory Size: 128 MB" in lines[-1]


def test_a_role_that_cannot_make_log_groups_gets_none(sandbox):
    statements = [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]
    make_function(sandbox, "silent", ECHO, Role=role(sandbox, "silent", statements=statements))
    invoke(sandbox, "silent")
    groups = sandbox.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")["logGroups"]
    assert groups == []


def test_concurrent_events_have_a_worker_each(sandbox):
    make_function(sandbox, "slow", TROUBLE)
    with ThreadPoolExecutor(4) as threads:
        pids = set(threads.map(lambda _: invoke(sandbox, "slow", {"seconds": 0.4}).json, range(4)))
    assert len(pids) == 4


def test_reserved_concurrency_throttles(sandbox):
    make_function(sandbox, "reserved", TROUBLE)
    sandbox.client("lambda").put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded") as refused:
        invoke(sandbox, "reserved", {})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.req("5.7")
def test_a_timeout_is_told_and_the_worker_is_killed(sandbox):
    make_function(sandbox, "late", TROUBLE, Timeout=1)
    pid = invoke(sandbox, "late", {}).json
    begin = time.monotonic()
    done = invoke(sandbox, "late", {"seconds": 30})
    assert time.monotonic() - begin < 5
    assert done.error == "Unhandled"
    assert done.json["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in done.log
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert invoke(sandbox, "late", {}).error is None


def test_an_exception_is_the_answer(sandbox):
    make_function(sandbox, "raising", TROUBLE)
    done = invoke(sandbox, "raising", {"message": "no model"})
    assert done.error == "Unhandled"
    assert done.json["errorType"] == "ValueError"
    assert done.json["errorMessage"] == "no model"
    assert "[ERROR] ValueError: no model" in done.log


def test_a_worker_that_exits_or_is_killed_is_replaced(sandbox):
    make_function(sandbox, "mortal", TROUBLE)
    done = invoke(sandbox, "mortal", {"code": 3})
    assert done.json["errorType"] == "Runtime.ExitError"
    assert done.json["errorMessage"].endswith("Runtime exited with error: exit status 3")
    pid = invoke(sandbox, "mortal", {}).json
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: invoke(sandbox, "mortal", {}).text not in {"", str(pid)})


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import redis_from_nowhere", "Runtime.ImportModuleError", "No module named 'redis_from_nowhere'"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "Handler 'main' missing"),
        ("def main(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'handler'"),
    ],
)
def test_code_that_cannot_be_loaded_is_told_at_each_invocation(sandbox, source, kind, message):
    name = kind.rsplit(".", 1)[-1]
    make_function(sandbox, name, source)
    for _ in range(2):
        done = invoke(sandbox, name)
        assert done.error == "Unhandled"
        assert done.json["errorType"] == kind
        assert message in done.json["errorMessage"]


def test_a_function_sees_the_aws_sdk_and_nothing_else_of_this_machine(sandbox):
    source = "import boto3\ndef main(event, context):\n    __import__(event)\n"
    make_function(sandbox, "bare", source)
    assert invoke(sandbox, "bare", "boto3").error is None
    for missing in ("click", "mldeploy", "mldeploy_sandbox", "moto"):
        assert invoke(sandbox, "bare", missing).json["errorType"] == "ModuleNotFoundError"


def test_a_function_calls_the_sandbox_by_boto3_without_settings(sandbox):
    source = (
        "import boto3\n"
        "def main(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Account'], boto3.session.Session().region_name\n"
    )
    make_function(sandbox, "calling", source, Timeout=20)
    assert invoke(sandbox, "calling").json == ["123456789012", "eu-central-1"]


def test_new_code_and_new_configuration_take_effect_at_once(sandbox):
    client = sandbox.client("lambda")
    make_function(sandbox, "changing", "import os\ndef main(e, c): return 1, os.environ.get('MODE')")
    assert invoke(sandbox, "changing").json == [1, None]
    code = zipped("import os\ndef main(e, c): return 2, os.environ.get('MODE')")
    client.update_function_code(FunctionName="changing", ZipFile=code)
    assert invoke(sandbox, "changing").json == [2, None]
    client.update_function_configuration(FunctionName="changing", Environment={"Variables": {"MODE": "on"}})
    assert invoke(sandbox, "changing").json == [2, "on"]


def test_versions_and_aliases_keep_their_code(sandbox):
    client = sandbox.client("lambda")
    make_function(sandbox, "versioned", "def main(e, c): return 'one', c.invoked_function_arn.rsplit(':', 1)[-1]")
    assert client.publish_version(FunctionName="versioned")["Version"] == "1"
    client.update_function_code(FunctionName="versioned", ZipFile=zipped("def main(e, c): return 'two', ''"))
    client.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
    assert invoke(sandbox, "versioned", Qualifier="live").json == ["one", "live"]
    assert invoke(sandbox, "versioned:1").json == ["one", "1"]
    assert invoke(sandbox, "versioned").json == ["two", ""]
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    assert client.publish_version(FunctionName="versioned")["Version"] == "2"
    client.update_alias(FunctionName="versioned", Name="live", FunctionVersion="1", RoutingConfig=routing)
    assert invoke(sandbox, "versioned:live").version == "2"


def test_asynchronous_and_dry_invocations(sandbox, tmp_path: Path):
    client = sandbox.client("lambda")
    target = tmp_path / "seen"
    make_function(sandbox, "async", "def main(event, context): open(event, 'w').close()")
    dry = client.invoke(FunctionName="async", InvocationType="DryRun", Payload=f'"{target}"')
    assert dry["StatusCode"] == 204
    sent = client.invoke(FunctionName="async", InvocationType="Event", Payload=f'"{target}"')
    assert sent["StatusCode"] == 202
    eventually(target.exists)


@pytest.mark.req("5.9")
def test_six_megabytes_are_the_limit_both_ways(sandbox):
    make_function(sandbox, "large", TROUBLE, Timeout=30)
    with pytest.raises(ClientError, match="Request must be smaller than 6291456 bytes") as refused:
        invoke(sandbox, "large", "x" * 6_291_456)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert invoke(sandbox, "large", {"bytes": 6_291_456}).error is None
    done = invoke(sandbox, "large", {"bytes": 6_291_600})
    assert done.json["errorType"] == "Function.ResponseSizeTooLarge"


def test_an_unknown_function_and_an_event_that_is_not_json_are_refused(sandbox):
    with pytest.raises(ClientError, match="Function not found: arn:aws:lambda:eu-central-1:123456789012:function:no"):
        invoke(sandbox, "no")
    make_function(sandbox, "strict", TROUBLE)
    with pytest.raises(ClientError, match="Could not parse request body into json") as refused:
        sandbox.client("lambda").invoke(FunctionName="strict", Payload=b"{")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_a_deleted_function_is_gone_with_its_workers(sandbox):
    make_function(sandbox, "gone", TROUBLE)
    pid = invoke(sandbox, "gone", {}).json
    sandbox.client("lambda").delete_function(FunctionName="gone")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ClientError, match="Function not found"):
        invoke(sandbox, "gone", {})
