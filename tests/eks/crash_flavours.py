"""The kinds of releases whose life is cut at every call: what they begin as, what they change to, what they need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from mldeploy_eks.cluster import Cluster
from tests.eks.kserve import installed

ROLE = "arn:aws:iam::123456789012:role/feature-store"
OTHER = "arn:aws:iam::123456789012:role/other-store"
MORE = {"env": {"MAX_BATCH": "8"}}
VALKEY, NEWER = (f"valkey/valkey@sha256:{digit * 64}" for digit in "78")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """`changes` tells the calls that count as points; `around` is what the cluster needs for it."""

    first: dict[str, Any]
    second: dict[str, Any]
    changes: tuple[str, ...] = ("kubernetes.Apply", "kubernetes.Delete")
    around: Callable[[Cluster], AbstractContextManager[None]] = lambda _cluster: nullcontext()


def _role(arn: str) -> dict[str, Any]:
    return {"serviceAccount": {"roleArn": arn, "podIdentity": True}}


def _redis(image: str) -> dict[str, Any]:
    return {"cache": {"enabled": True, "tls": True}, "eks": {"redis": {"image": image}}}


FLAVOURS = {
    "deployment": Flavour(
        first={"autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 3}},
        second={"instance": {"count": 1, "region": "eu-central-1"}, "eks": MORE},
    ),
    "kserve": Flavour(
        first={"eks": {"kserve": True}},
        second={"eks": {"kserve": True, **MORE}},
        around=installed,
    ),
    "pod-identity": Flavour(
        first={"eks": _role(ROLE)},
        second={"eks": {**_role(OTHER), **MORE}},
        changes=("eks.Create", "eks.Update", "eks.Delete", "eks.Tag", "kubernetes.ApplyDeployment"),
    ),
    "redis": Flavour(
        first=_redis(VALKEY),
        second=_redis(NEWER),
        changes=("kubernetes.Apply", "kubernetes.Delete", "secretsmanager.Create", "secretsmanager.Delete"),
    ),
}
