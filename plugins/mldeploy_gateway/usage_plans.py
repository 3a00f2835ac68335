"""AWS::ApiGateway::UsagePlan: how fast and how often a key may call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_gateway.api_gateway_driver import TaggedDriver


class UsagePlanDriver(TaggedDriver):
    """Spec: ApiStages [{ApiId, Stage}], Throttle {RateLimit, BurstLimit}, Quota {Limit, Period} or null.

    Outputs: UsagePlanId. Names of plans are not unique: a plan is ours when name and tags say so.
    """

    def find(self, step: Step) -> Observed | None:
        """Return our plan."""
        plan = next(iter(self._ours(step)), None)
        if plan is None:
            return None
        throttle, quota = plan.get("throttle", {}), plan.get("quota")
        spec = {
            "ApiStages": [{"ApiId": stage["apiId"], "Stage": stage["stage"]} for stage in plan.get("apiStages", [])],
            "Throttle": {"RateLimit": throttle.get("rateLimit"), "BurstLimit": throttle.get("burstLimit")},
            "Quota": quota and {"Limit": quota["limit"], "Period": quota["period"]},
        }
        return Observed(outputs={"UsagePlanId": plan["id"]}, spec=spec, drift=self.tag_drift(plan.get("tags", {})))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the plan."""
        spec, quota = step.spec, step.spec["Quota"]
        plan = self.client.create_usage_plan(
            name=step.name,
            apiStages=[{"apiId": stage["ApiId"], "stage": stage["Stage"]} for stage in spec["ApiStages"]],
            throttle={"rateLimit": spec["Throttle"]["RateLimit"], "burstLimit": spec["Throttle"]["BurstLimit"]},
            tags=self.tags(),
            **({"quota": {"limit": quota["Limit"], "period": quota["Period"]}} if quota else {}),
        )
        return {"UsagePlanId": plan["id"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Change stages, throttle and quota."""
        operations = [*_stage_changes(step, observed), *_throttle_changes(step), *_quota_changes(step, observed)]
        self._patch(observed.outputs["UsagePlanId"], operations)
        return observed.outputs

    def path(self, step: Step, observed: Observed) -> str:  # noqa: ARG002 - the id is enough
        """Return where it is."""
        return f"/usageplans/{observed.outputs['UsagePlanId']}"

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all that are ours go
        """Delete our plans; API Gateway refuses while a plan has stages."""
        for plan in self._ours(step):
            stages = [_change("remove", "/apiStages", f"{s['apiId']}:{s['stage']}") for s in plan.get("apiStages", [])]
            if stages:
                self._patch(plan["id"], stages)
            self.client.delete_usage_plan(usagePlanId=plan["id"])

    def candidates(self) -> Iterable[Step]:
        """Yield the plan of the release's name, which goes before the stage that it is for."""
        stage = Step(kind="AWS::ApiGateway::Stage", name=self.context.env, phase=Phase.EXPOSE)
        place = {"ApiStages": [{"Stage": stage.ref(Ref.NAME)}]}
        yield self.perhaps("AWS::ApiGateway::UsagePlan", self.stem, Phase.EXPOSE, place)

    def _ours(self, step: Step) -> list[dict[str, Any]]:
        """Return the plans of this name with our tags; more than one if a creation's answer was lost.

        The one in the record is ours without them, too.
        """
        found = [plan for plan in self.items("get_usage_plans") if plan["name"] == step.name]
        known = self.recorded(step, "UsagePlanId")
        ours = [plan for plan in found if plan["id"] == known or self.owns(plan.get("tags", {}))]
        return sorted(ours, key=lambda plan: str(plan["id"]))

    def _patch(self, plan_id: str, operations: list[dict[str, str]]) -> None:
        self.client.update_usage_plan(usagePlanId=plan_id, patchOperations=operations)


def _stage_changes(step: Step, observed: Observed) -> list[dict[str, str]]:
    live = {f"{stage['ApiId']}:{stage['Stage']}" for stage in observed.spec["ApiStages"]}
    wanted = {f"{stage['ApiId']}:{stage['Stage']}" for stage in step.spec["ApiStages"]}
    removed = [_change("remove", "/apiStages", name) for name in sorted(live - wanted)]
    return [*removed, *(_change("add", "/apiStages", name) for name in sorted(wanted - live))]


def _throttle_changes(step: Step) -> list[dict[str, str]]:
    throttle = step.spec["Throttle"]
    return [
        _change("replace", "/throttle/rateLimit", throttle["RateLimit"]),
        _change("replace", "/throttle/burstLimit", throttle["BurstLimit"]),
    ]


def _quota_changes(step: Step, observed: Observed) -> list[dict[str, str]]:
    quota = step.spec["Quota"]
    if quota:
        return [
            _change("replace", "/quota/limit", quota["Limit"]),
            _change("replace", "/quota/period", quota["Period"]),
        ]
    return [{"op": "remove", "path": "/quota"}] if observed.spec["Quota"] else []


def _change(operation: str, path: str, value: JSON) -> dict[str, str]:
    return {"op": operation, "path": path, "value": str(value)}
