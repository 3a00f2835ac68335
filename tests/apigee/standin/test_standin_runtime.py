"""Requests through deployed bundles: flows, conditions, faults and backends."""

from __future__ import annotations

import pytest
import requests
from standin_client import ENVIRONMENT, Apigee

HEADER = '<AssignMessage name="A"><Set><Headers><Header name="X-Seen">{0}</Header></Headers></Set></AssignMessage>'


def fault(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["fault"]["detail"]["errorcode"]


def raising(name: str, status: int) -> str:
    answer = f"<FaultResponse><Set><StatusCode>{status}</StatusCode></Set></FaultResponse>"
    return f'<RaiseFault name="{name}">{answer}</RaiseFault>'


def noting(name: str, text: str) -> str:
    """Return a policy that adds a header to the present message."""
    header = f'<Add><Headers><Header name="X-Note">{text}</Header></Headers></Add>'
    return f'<AssignMessage name="{name}">{header}</AssignMessage>'


def test_method_path_query_headers_and_body_reach_the_backend(apigee: Apigee) -> None:
    url = apigee.serve(backend=f"http://{apigee.backend}/base")
    response = requests.put(
        f"{url}/a%20b/c?x=1&x=2", data="body", headers={"X-Own": "yes", "Connection": "X-Hop"}, timeout=10
    )
    seen = response.json()
    assert (seen["verb"], seen["path"], seen["body"]) == ("PUT", "/base/a%20b/c?x=1&x=2", "body")
    assert seen["headers"]["X-Own"] == "yes"
    assert seen["headers"]["Host"] == apigee.backend
    assert response.headers["X-Backend"] == "yes"


@pytest.mark.req("7.8")
def test_a_slow_backend_is_given_up(apigee: Apigee) -> None:
    url = apigee.serve(properties={"io.timeout.millis": "200"})
    assert fault(requests.get(f"{url}/slow", timeout=10)) == (504, "messaging.adaptors.http.flow.GatewayTimeout")
    assert requests.get(f"{url}/quick", timeout=10).status_code == 200


def test_a_backend_that_hangs_up_or_is_away(apigee: Apigee) -> None:
    assert fault(requests.get(f"{apigee.serve()}/cut", timeout=10)) == (
        502,
        "messaging.adaptors.http.UnexpectedEOFAtTarget",
    )
    away = apigee.serve(backend="http://127.0.0.1:1")
    assert fault(requests.get(away, timeout=10)) == (503, "messaging.adaptors.http.flow.ServiceUnavailable")


def test_a_target_server_can_be_moved_and_switched_off(apigee: Apigee) -> None:
    url = apigee.serve(connection='<LoadBalancer><Server name="moving"/></LoadBalancer><Path>/stage</Path>')
    gone = (503, "messaging.adaptors.http.flow.NoActiveTargets")
    assert fault(requests.get(url, timeout=10)) == gone
    host, _, port = apigee.backend.partition(":")
    server = {"name": "moving", "host": host, "port": int(port), "isEnabled": True}
    apigee.ok("POST", f"{ENVIRONMENT}/targetservers", server)
    assert requests.get(f"{url}/x", timeout=10).json()["path"] == "/stage/x"
    apigee.ok("PUT", f"{ENVIRONMENT}/targetservers/moving", server | {"isEnabled": False})
    assert fault(requests.get(url, timeout=10)) == gone


def test_a_backends_error_is_a_fault_unless_it_counts_as_success(apigee: Apigee) -> None:
    policies = {"Mark": noting("Mark", "normal")}
    rules = f'<FaultRules><FaultRule name="r">{"<Step><Name>Mark</Name></Step>"}</FaultRule></FaultRules>'
    failing = apigee.serve(policies=policies, target_faults=rules)
    answer = requests.get(f"{failing}/status/404", timeout=10)
    assert (answer.status_code, answer.headers["X-Note"]) == (404, "normal")
    passing = apigee.serve(policies=policies, target_faults=rules, properties={"success.codes": "1xx,2xx,3xx,4xx,5xx"})
    answer = requests.get(f"{passing}/status/404", timeout=10)
    assert (answer.status_code, "X-Note" in answer.headers) == (404, False)


def test_a_proxy_may_answer_without_a_backend(apigee: Apigee) -> None:
    routes = """
        <RouteRule name="none"><Condition>request.verb = "OPTIONS"</Condition></RouteRule>
        <RouteRule name="default"><TargetEndpoint>default</TargetEndpoint></RouteRule>"""
    url = apigee.serve(routes=routes)
    assert requests.options(url, timeout=10).text == ""
    assert requests.get(url, timeout=10).json()["verb"] == "GET"


def test_the_first_flow_that_fits_is_carried_out(apigee: Apigee) -> None:
    flows = """
        <Flows>
          <Flow name="one"><Condition>proxy.pathsuffix MatchesPath "/one/*"</Condition>
            <Response><Step><Name>One</Name></Step></Response></Flow>
          <Flow name="all"><Response><Step><Name>All</Name></Step></Response></Flow>
        </Flows>"""
    url = apigee.serve(policies={"One": noting("One", "one"), "All": noting("All", "all")}, endpoint=flows)
    notes = {path: requests.get(url + path, timeout=10).headers["X-Note"] for path in ("/one/a", "/one/a/b", "/two")}
    assert notes == {"/one/a": "one", "/one/a/b": "all", "/two": "all"}


def test_one_fault_rule_handles_a_fault_and_the_default_may_follow(apigee: Apigee) -> None:
    def rule(name: str, condition: str) -> str:
        return (
            f'<FaultRule name="{name}"><Condition>{condition}</Condition><Step><Name>{name}</Name></Step></FaultRule>'
        )

    def served(always: str) -> str:
        rules = rule("First", 'fault.name = "RaiseFault"') + rule("Last", 'fault.name = "RaiseFault"')
        default = "<AlwaysEnforce>true</AlwaysEnforce>" if always else ""
        endpoint = f"<FaultRules>{rules}</FaultRules><DefaultFaultRule>{default}<Step><Name>Default</Name></Step>"
        names = ("First", "Last", "Default")
        policies = {name: noting(name, name) for name in names} | {"Stop": raising("Stop", 409)}
        return apigee.serve(policies=policies, request=["Stop"], endpoint=f"{endpoint}</DefaultFaultRule>")

    answer = requests.get(served(""), timeout=10)
    assert (answer.status_code, answer.headers["X-Note"]) == (409, "Last"), "rules are asked from the last to the first"
    assert requests.get(served("always"), timeout=10).headers["X-Note"] == "Last, Default"


def test_a_policy_may_fail_without_ending_the_flow(apigee: Apigee) -> None:
    tolerant = raising("Stop", 409).replace("<RaiseFault ", '<RaiseFault continueOnError="true" ')
    disabled = raising("Off", 410).replace("<RaiseFault ", '<RaiseFault enabled="false" ')
    url = apigee.serve(policies={"Stop": tolerant, "Off": disabled}, request=["Stop", "Off"])
    assert requests.get(url, timeout=10).status_code == 200


CONDITIONS = {
    'request.verb = "GET"': True,
    'request.verb != "GET"': False,
    'request.header.x-kind Equals "a.b"': True,
    "request.header.missing = null": True,
    "request.header.missing != null": False,
    'request.header.missing = "x"': False,
    'not (request.verb = "POST")': True,
    '!(request.verb = "GET")': False,
    'request.verb = "POST" or request.verb = "GET" and request.header.missing = null': True,
    '(request.verb = "POST" || request.verb = "GET") && request.header.missing != null': False,
    'request.verb := "get"': True,
    'request.header.x-kind =| "a."': True,
    'request.header.x-kind ~ "a*"': True,
    'request.header.x-kind ~~ "a.b"': True,
    'request.header.x-kind ~~ "a"': False,
    'proxy.pathsuffix MatchesPath "/a/*"': True,
    'proxy.pathsuffix MatchesPath "/*"': False,
    'proxy.pathsuffix ~/ "/**"': True,
    "request.header.x-number > 9": True,
    "request.header.x-number <= 9": False,
    'request.queryparam.q = "1"': True,
    "request.header.missing > 1": False,
}


def test_conditions(apigee: Apigee) -> None:
    policies, steps = {}, []
    for number, condition in enumerate(CONDITIONS):
        policies[f"N{number}"] = noting(f"N{number}", condition.replace("&", "&amp;").replace("<", "&lt;"))
        steps.append((f"N{number}", condition))
    url = apigee.serve(policies=policies, response=steps)
    headers = {"X-Kind": "a.b", "X-Number": "10"}
    answer = requests.get(f"{url}/a/b?q=1", headers=headers, timeout=10)
    held = answer.raw.headers.getlist("X-Note")
    assert held == [condition for condition, holds in CONDITIONS.items() if holds]


def test_messages_are_changed_by_templates(apigee: Apigee) -> None:
    change = """
        <AssignMessage name="A">
          <AssignVariable><Name>own</Name><Value>spare</Value><Ref>request.header.x-own</Ref></AssignVariable>
          <Remove><Headers><Header name="X-Secret"/></Headers></Remove>
          <Set>
            <Headers><Header name="X-Where">{organization.name}/{proxy.pathsuffix}</Header></Headers>
            <Payload variablePrefix="@" variableSuffix="#">{"verb": "@request.verb#"}</Payload>
          </Set>
        </AssignMessage>"""
    show = noting("B", "{own}")
    url = apigee.serve(policies={"A": change, "B": show}, request=["A", "B"])
    seen = requests.get(f"{url}/x", headers={"X-Secret": "hush"}, timeout=10).json()
    assert seen["headers"]["X-Where"] == "local//x"
    assert seen["headers"]["X-Note"] == "spare"
    assert "X-Secret" not in seen["headers"]
    assert seen["body"] == '{"verb": "GET"}'


def test_values_of_a_request_are_never_read_as_templates(apigee: Apigee) -> None:
    url = apigee.serve(policies={"A": noting("A", "{request.header.x-own}")}, response=["A"])
    assert requests.get(url, headers={"X-Own": "{organization.name}"}, timeout=10).headers["X-Note"] == (
        "{organization.name}"
    )


def test_a_variable_that_is_not_set_is_a_fault_unless_it_may_be(apigee: Apigee) -> None:
    strict = apigee.serve(policies={"A": noting("A", "{nothing}")}, request=["A"])
    assert fault(requests.get(strict, timeout=10)) == (500, "steps.assignmessage.UnresolvedVariable")


def test_a_body_above_ten_megabytes_is_refused(apigee: Apigee) -> None:
    url = apigee.serve()
    answer = requests.post(url, data=b"x" * (10 * 1024 * 1024 + 1), timeout=20)
    assert fault(answer) == (413, "protocol.http.TooBigBody")


def test_a_line_is_logged_after_the_answer(apigee: Apigee) -> None:
    log = """
        <MessageLogging name="L"><CloudLogging><LogName>projects/p/logs/access</LogName>
          <Message defaultVariableValue="-">{response.status.code} {fault.name} {proxy.pathsuffix}</Message>
        </CloudLogging></MessageLogging>"""
    url = apigee.serve(policies={"L": log}, afterwards=["L"])
    requests.get(f"{url}/seen", timeout=10)
    lines = (apigee.logs / "projects_p_logs_access.log").read_text().splitlines()
    assert lines[-1] == "200 - /seen"


def test_a_fault_of_a_fault_rule_is_the_answer(apigee: Apigee) -> None:
    rules = '<FaultRules><FaultRule name="r"><Step><Name>{0}</Name></Step></FaultRule></FaultRules>'
    policies = {"Inner": raising("Inner", 418), "Outer": noting("Outer", "outer")}
    url = apigee.serve(
        policies=policies,
        backend="http://127.0.0.1:1",
        target_faults=rules.format("Inner"),
        endpoint=rules.format("Outer"),
    )
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, "X-Note" in answer.headers) == (418, False)
