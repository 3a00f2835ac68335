"""Service Quotas: how many instances of a type an account may have for endpoints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model

from mldeploy_sandbox.plane import AwsError, Call, Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

SERVICE = "service-quotas"
SUFFIX = " for endpoint usage"
ACCELERATED = re.compile(r"ml\.(dl|g|inf|p|trn)\d")
PAGE = 100


class Quotas:
    """The quotas of a sandbox by name, such as "ml.m5.large for endpoint usage".

    A new account has none with accelerators and plenty of the others; AWS's own figures differ by account.
    """

    def __init__(self, *, new_account: bool = False) -> None:
        self._new_account = new_account
        self._granted: dict[str, float] = {}

    def grant(self, name: str, value: float) -> None:
        """Give a quota another value, as Service Quotas does after a request.

        Raises:
            KeyError: no quota has this name.
        """
        if name not in quota_names():
            raise KeyError(name)
        self._granted[name] = value

    def value(self, name: str) -> float:
        """Return the value of a quota."""
        return self._granted.get(name, self.default(name))

    def default(self, name: str) -> float:
        """Return what an account begins with."""
        return 0.0 if self._new_account and ACCELERATED.match(name) else 20.0


@cache
def quota_names() -> tuple[str, ...]:
    """Return the names of SageMaker's endpoint quotas: one per hosting instance type of the service model."""
    types = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType").enum
    return tuple(f"{name}{SUFFIX}" for name in sorted(types))


class QuotasPlane:
    """Answers Service Quotas for SageMaker; other services' quotas are moto's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        return {
            (SERVICE, "GetServiceQuota"): self._get,
            (SERVICE, "GetAWSDefaultServiceQuota"): self._get,
            (SERVICE, "ListServiceQuotas"): self._list,
            (SERVICE, "ListAWSDefaultServiceQuotas"): self._list,
        }

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {}

    def close(self) -> None:
        """See `Plane`; nothing runs."""

    def _get(self, call: Call) -> Mapping[str, Any]:
        if call.params["ServiceCode"] != "sagemaker":
            return self._world.moto.answer(call)
        for name in quota_names():
            if call.params["QuotaCode"] == _code(name):
                return {"Quota": self._quota(call, name)}
        code, message = (
            "NoSuchResourceException",
            "The request failed because the specified service quota does not exist.",
        )
        raise AwsError(code, message)

    def _list(self, call: Call) -> Mapping[str, Any]:
        if call.params["ServiceCode"] != "sagemaker":
            return self._world.moto.answer(call)
        names = quota_names()
        start, size = int(call.params.get("NextToken", 0)), call.params.get("MaxResults", PAGE)
        page = {"Quotas": [self._quota(call, name) for name in names[start : start + size]]}
        return page | ({"NextToken": str(start + size)} if start + size < len(names) else {})

    def _quota(self, call: Call, name: str) -> dict[str, Any]:
        quotas = self._world.quotas
        code = _code(name)
        return {
            "ServiceCode": "sagemaker",
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account_id}:sagemaker/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": quotas.default(name) if "Default" in call.operation else quotas.value(name),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


def _code(name: str) -> str:
    """Return a code of the right form; it is not AWS's, which has no rule."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def plane(world: World) -> Plane:
    """Make the Service Quotas plane of a sandbox."""
    return QuotasPlane(world)
