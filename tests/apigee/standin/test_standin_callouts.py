"""Calls of other services, what is taken out of their answers, and what is remembered of them."""

from __future__ import annotations

import pytest
import requests
from standin_client import ENVIRONMENT, Apigee

pytestmark = pytest.mark.req("7.4")
MAKE = """
    <AssignMessage name="M"><AssignTo createNew="true" type="request">asking</AssignTo>
      <Set><Verb>POST</Verb><Headers><Header name="X-Who">me</Header></Headers>
        <FormParams><FormParam name="a">{request.queryparam.a}</FormParam></FormParams></Set></AssignMessage>"""
CALL = """
    <ServiceCallout name="C"><Request variable="asking"/><Response>answer</Response><Timeout>300</Timeout>
      <HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></ServiceCallout>"""
TAKE = """
    <ExtractVariables name="E"><Source>answer</Source><VariablePrefix>said</VariablePrefix>
      <JSONPayload><Variable name="body"><JSONPath>$.body</JSONPath></Variable>
        <Variable name="who" type="string"><JSONPath>$.headers.X_Who</JSONPath></Variable></JSONPayload>
      <IgnoreUnresolvedVariables>{lenient}</IgnoreUnresolvedVariables></ExtractVariables>"""
SHOW = """
    <AssignMessage name="S"><Set><Headers><Header name="X-Body">{said.body}</Header></Headers></Set>
      <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>"""
KEY = '<CacheKey><Prefix>one</Prefix><KeyFragment ref="request.header.x-who"/></CacheKey>'
LOOK = f'<LookupCache name="L">{KEY}<AssignTo>kept</AssignTo></LookupCache>'
KEEP = f"""
    <PopulateCache name="P">{KEY}<ExpirySettings><TimeoutInSeconds>60</TimeoutInSeconds></ExpirySettings>
      <Source>request.queryparam.value</Source></PopulateCache>"""
TELL = """
    <AssignMessage name="T"><Set><Headers><Header name="X-Kept">{kept}</Header>
      <Header name="X-Hit">{lookupcache.L.cachehit}</Header></Headers></Set>
      <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>"""


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["fault"]["detail"]["errorcode"]


def asking(apigee: Apigee, path: str = "/ask", *, lenient: bool = True) -> requests.Response:
    """Send a request to a proxy that asks the backend first."""
    call = CALL.format(url=f"http://{apigee.backend}{path}")
    take = TAKE.format(lenient=str(lenient).lower())
    policies = {"M": MAKE, "C": call, "E": take, "S": SHOW}
    url = apigee.serve(policies=policies, request=["M", "C", "E"], target_request=["S"])
    return requests.get(url, params={"a": "b&c=d+e"}, timeout=10)


def test_a_form_is_sent_and_what_comes_back_is_taken_apart(apigee: Apigee) -> None:
    assert asking(apigee).json()["headers"]["X-Body"] == "a=b%26c%3Dd%2Be", "one value, whatever is in it"


@pytest.mark.parametrize("path", ["/slow", "/cut", "/status/400", "/status/503"])
def test_a_service_that_does_not_answer_well_ends_the_flow(apigee: Apigee, path: str) -> None:
    assert code(asking(apigee, path)) == (500, "steps.servicecallout.ExecutionFailed")


def test_what_is_missing_in_an_answer_is_a_fault_unless_the_policy_says_otherwise(apigee: Apigee) -> None:
    assert code(asking(apigee, lenient=False)) == (500, "steps.extractvariables.SetVariableFailed")


def test_a_variable_without_a_message_cannot_be_sent_nor_taken_apart(apigee: Apigee) -> None:
    call, take = CALL.format(url=f"http://{apigee.backend}/ask"), TAKE.format(lenient="true")
    unsent = apigee.serve(policies={"C": call}, request=["C"])
    unread = apigee.serve(policies={"E": take}, request=["E"])

    assert code(requests.get(unsent, timeout=10)) == (500, "steps.servicecallout.ExecutionFailed")
    assert code(requests.get(unread, timeout=10)) == (500, "steps.extractvariables.SourceMessageNotAvailable")


def test_entries_are_kept_by_their_keys_and_end(own_apigee: Apigee) -> None:
    own = {"policies": {"L": LOOK, "P": KEEP, "T": TELL}, "target_request": ["T"]}
    url = own_apigee.serve(request=["L", ("P", "lookupcache.L.cachehit = false")], **own)

    def kept(who: str, value: str) -> tuple[str, str]:
        headers = requests.get(url, params={"value": value}, headers={"X-Who": who}, timeout=10).json()["headers"]
        return headers["X-Hit"], headers["X-Kept"]

    assert kept("a", "1") == ("false", "")
    assert kept("a", "2") == ("true", "1")
    assert kept("b", "3") == ("false", "")
    own_apigee.clock.advance(61)
    assert kept("a", "4") == ("false", "")
    assert kept("a", "5") == ("true", "4")


UNKNOWN = {
    "paths with filters": ("E", TAKE.format(lenient="true").replace("$.body", "$.a[?(@.b)]"), "by a path such as"),
    "other types": ("E", TAKE.format(lenient="true").replace('"string"', '"nodeset"'), "by a path such as"),
    "keys by scope": ("L", LOOK.replace("<Prefix>one</Prefix>", ""), "with a Prefix"),
    "entries without end": ("P", KEEP.replace(">60<", "><"), "keeps nothing without"),
    "requests in place": ("C", CALL.format(url="http://a.example").replace(' variable="asking"', ""), "Request/@var"),
    "a new request": ("M", MAKE.replace(">asking<", ">request<"), "names of their own"),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_the_stand_in_does_not_know_is_not_deployed(apigee: Apigee, kind: str) -> None:
    name, policy, said = UNKNOWN[kind]
    revision = apigee.load("unknown", base_path="/unknown", policies={name: policy}, request=[name])
    apigee.deploy("unknown", revision, override="true")

    assert said in apigee.state("unknown", revision)["errors"][0]["message"]

    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/unknown/revisions/{revision}/deployments")
