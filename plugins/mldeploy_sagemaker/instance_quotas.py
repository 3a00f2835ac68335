"""mldeploy::InstanceQuota: whether the account may run the instances that a release asks for, told before they start.

Source: Service Quotas user guide; the names of the quotas are in the words of ResourceLimitExceeded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mldeploy import Context, Observed, Phase, Ref, RefusedError, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import code_of, translated
from mldeploy_sagemaker.live_settings import variants_of
from mldeploy_sagemaker.lookup import MISSING
from mldeploy_sagemaker.variants import Variant

if TYPE_CHECKING:
    from mldeploy_aws.world import Aws

SUFFICIENT = {"Sufficient": True}
CONSOLE = "https://{region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceQuota:
    """How many instances of a type an account may run for endpoints, and the code of that quota."""

    kind: str
    code: str
    value: float

    @property
    def name(self) -> str:
        """The name that Service Quotas gives it."""
        return f"{self.kind} for endpoint usage"


def quotas_of(context: Context, kinds: Iterable[str]) -> dict[str, InstanceQuota]:
    """Return instance type → quota; a type is missing when its quota cannot be told, which is said."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see mldeploy_aws.driver

    wanted = {f"{kind} for endpoint usage": kind for kind in kinds}
    found = {}
    try:
        for quota in _listed(context.provider("aws")):
            kind = wanted.pop(quota["QuotaName"], None)
            if kind:
                found[kind] = InstanceQuota(kind=kind, code=quota["QuotaCode"], value=float(quota["Value"]))
            if not wanted:
                break
    except ClientError as error:
        context.progress("quota", f"the quotas cannot be read: {code_of(error)}")
    except BotoCoreError as error:
        context.progress("quota", f"the quotas cannot be read: {error}")
    return found


def quota_step(release: Release, config: Step, variants: Iterable[Variant]) -> Step | None:
    """Return the step that compares a release with its quotas; None where it has no instances."""
    counts = [variant.count for variant in variants if variant.count is not None]
    if not counts:
        return None
    percent = release.value("deployment.stepPercent") if release.value("deployment.strategy") == "rolling" else 100
    spec = {
        "EndpointConfigName": config.ref(Ref.NAME),
        "InstanceType": release.value("instance.type"),
        "Count": sum(counts),
        "MostAtOnce": math.ceil(sum(counts) * percent / 100),
    }
    return Step(kind="mldeploy::InstanceQuota", name=release.resource_name, phase=Phase.PROVISION, spec=spec)


class InstanceQuotaDriver:
    """Spec: EndpointConfigName, InstanceType, Count, MostAtOnce (new instances beside the old ones in an update).

    Outputs: Sufficient (True; nothing where the quota is too small). The step's name is that of the endpoint.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def read(self, step: Step) -> Observed | None:
        """Compare; where there is no endpoint yet and nothing is short, there is nothing to tell."""
        with translated(f"reading {step.id}"):
            client = self.context.provider("aws").client("sagemaker")
            live = _described(lambda: client.describe_endpoint(EndpointName=step.name))
            short = self._shortage(step, live)
        if short:
            return Observed(spec=step.spec, drift=(short,))
        return Observed(outputs=SUFFICIENT, spec=step.spec) if live else None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - it was compared
        """Return what was found.

        Raises:
            RefusedError: the quota is too small; SageMaker would refuse the endpoint.
        """
        if observed is not None and observed.drift:
            message = f"the account may not run these instances: {observed.drift[0]}"
            hint = "ask for more on that page, or choose another instance.type or count; deployment.strategy: rolling"
            raise RefusedError(message, hint=f"{hint} needs the fewest beside the old ones")
        return SUFFICIENT

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: a look leaves nothing behind."""

    def _shortage(self, step: Step, live: Mapping[str, Any] | None) -> str:
        """Return what is missing, with the name of the quota and where to ask for more; nothing where it suffices.

        An endpoint that has the configuration already asks for nothing.
        """
        if live and live["EndpointConfigName"] == step.spec["EndpointConfigName"]:
            return ""
        kind, running = step.spec["InstanceType"], self._running(live, step) if live else 0
        needed = running + step.spec["MostAtOnce"] if running else step.spec["Count"]
        quota = quotas_of(self.context, [kind]).get(kind)
        if quota is None or quota.value >= needed:
            return ""
        page = CONSOLE.format(region=self.context.provider("aws").region, code=quota.code)
        beside = f", {running} of them for the old release" if running else ""
        return f"the quota '{quota.name}' is {quota.value:g}, {needed} are needed{beside}: {page}"

    def _running(self, live: Mapping[str, Any], step: Step) -> int:
        """Return how many instances of the wanted type the endpoint has now."""
        client, name = self.context.provider("aws").client("sagemaker"), live["EndpointConfigName"]
        types = variants_of(_described(lambda: client.describe_endpoint_config(EndpointConfigName=name)) or {})
        everyone = [*live.get("ProductionVariants", []), *live.get("ShadowProductionVariants", [])]
        alike = [one for one in everyone if types.get(one["VariantName"]) == step.spec["InstanceType"]]
        return sum(int(one.get("CurrentInstanceCount", 0)) for one in alike)


def _described(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return found_or_none(call, "ValidationException", text=MISSING)


def _listed(aws: Aws) -> Iterable[Mapping[str, Any]]:
    pages = aws.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    return (quota for page in pages for quota in page["Quotas"])
