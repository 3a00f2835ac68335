"""Eventual consistency: what was just made cannot be found for a moment, what was just deleted still can."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jmespath

from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.rules import Rule, declare

INVALID = "ValidationException"
CREATE_ENDPOINT = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """After `made_by`, readers do not find the thing for some sandbox seconds.

    - `name`: the member of `made_by`'s input with the name.
    - `readers`: operation → JMESPath of the names in its input.
    - `missing`: AWS's words; `{name}`, `{region}` and `{account}` are filled in.
    """

    rule: Rule
    made_by: Key
    name: str
    readers: Mapping[Key, str]
    seconds: float
    missing: str


WINDOWS = (
    Window(
        rule=declare(
            "sagemaker-model-visibility",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:DescribeModel",
            says="Strict mode: a new model cannot be found for 3 s.",
            source=CREATE_ENDPOINT,
        ),
        made_by=("sagemaker", "CreateModel"),
        name="ModelName",
        readers={
            (
                "sagemaker",
                "CreateEndpointConfig",
            ): "[ProductionVariants[].ModelName, ShadowProductionVariants[].ModelName][]",
            ("sagemaker", "DescribeModel"): "[ModelName]",
        },
        seconds=3,
        missing='Could not find model "arn:aws:sagemaker:{region}:{account}:model/{name}".',
    ),
    Window(
        rule=declare(
            "sagemaker-endpoint-config-visibility",
            "sagemaker:CreateEndpoint",
            "sagemaker:UpdateEndpoint",
            "sagemaker:DescribeEndpointConfig",
            says="Strict mode: a new endpoint configuration cannot be found for 3 s.",
            source=CREATE_ENDPOINT,
        ),
        made_by=("sagemaker", "CreateEndpointConfig"),
        name="EndpointConfigName",
        readers={
            ("sagemaker", operation): "[EndpointConfigName]"
            for operation in ("CreateEndpoint", "UpdateEndpoint", "DescribeEndpointConfig")
        },
        seconds=3,
        missing='Could not find endpoint configuration "arn:aws:sagemaker:{region}:{account}:endpoint-config/{name}".',
    ),
)

TAG_INDEX_SECONDS = 60.0
TAG_INDEX = declare(
    "tagging-index-lags",
    "resourcegroupstaggingapi:GetResources",
    says="Strict mode: the tag index shows for 60 s what it showed before.",
    source="https://github.com/aws/aws-sdk/issues/676, https://github.com/boto/boto3/issues/3341",
)


class Visibility(Gate):
    """A gate that hides new things from readers, and shows old answers of the tag index."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._visible_at: dict[tuple[Key, str, str], float] = {}
        self._tag_index: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def before(self, call: Call) -> None:
        """Refuse to find what is too new.

        Raises:
            AwsError: in the words of the service.
        """
        key = (call.service, call.operation)
        for window in WINDOWS:
            for name in jmespath.search(window.readers[key], call.params) or [] if key in window.readers else []:
                if self._clock.monotonic() < self._visible_at.get((window.made_by, call.region, name), 0.0):
                    words = {"name": name.lower(), "region": call.region, "account": call.account_id}
                    raise window.rule.refusal(INVALID, window.missing.format(**words))

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return key == ("resourcegroupstaggingapi", "GetResources") or any(key == window.made_by for window in WINDOWS)

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Gate`."""
        now = self._clock.monotonic()
        if call.operation == "GetResources":
            return self._indexed(repr((call.region, sorted(call.params.items(), key=str))), now, result)
        for window in WINDOWS:
            if (call.service, call.operation) == window.made_by:
                with self._lock:
                    place = (window.made_by, call.region, call.params[window.name])
                    self._visible_at[place] = now + window.seconds
        return result

    def _indexed(self, question: str, now: float, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer that was given to this question within the last 60 s, else the new one."""
        with self._lock:
            since, answer = self._tag_index.get(question, (-TAG_INDEX_SECONDS, result))
            if now - since < TAG_INDEX_SECONDS:
                return answer
            self._tag_index[question] = (now, result)
            return result
