"""A client that waits as strict mode makes callers wait: what it made can be used when it gets its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mldeploy_sandbox.plane import Key
from mldeploy_sandbox.strict import propagation, rates, transitions, visibility

BEFORE: Mapping[Key, float] = {
    ("resourcegroupstaggingapi", "GetResources"): visibility.TAG_INDEX_SECONDS,
    **{key: rate.seconds / rate.requests for key, rate in rates.RATES.items()},
}
"""Operation → sandbox seconds after which one more request gets through, and sees what there is."""

AFTER: Mapping[Key, float] = {
    ("iam", "CreateRole"): propagation.SECONDS,
    **{window.made_by: window.seconds for window in visibility.WINDOWS},
    **{key: transition.seconds for transition in transitions.TRANSITIONS for key in transition.begun_by},
}
"""Operation → sandbox seconds until everybody can find and use what it made."""


def be_patient(client: Any, advance: Callable[[float], None]) -> None:
    """Let the sandbox's clock move on before and after the calls of a boto3 client, as far as they need it."""
    model = client.meta.service_model
    for event, waits in (("before-call", BEFORE), ("after-call", AFTER)):
        for (service, operation), seconds in waits.items():
            if service == model.service_name:
                name = f"{event}.{model.service_id.hyphenize()}.{operation}"
                client.meta.events.register(name, lambda *, _seconds=seconds, **_event: advance(_seconds))
