"""New pods beside the old ones get a growing part of the requests before they take over.

Every step can be repeated, and what it leaves can be found again: the Service of the second Deployment is the first
thing that is made and the last that goes. While it is there, an interrupted run has left something.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import DeployError, RefusedError, Step
from mldeploy.errors import PendingError
from mldeploy_eks.alarms import TakeoverAlarms
from mldeploy_eks.answers import translated
from mldeploy_eks.canaries import canary_deployment, canary_service
from mldeploy_eks.fields import differences
from mldeploy_eks.names import owns
from mldeploy_eks.rollout import Rollout
from mldeploy_eks.weights import ALB, CANARY, weighted

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster, Manifest

DELETE_SECONDS = 900
TEMPLATE = "spec.template"


class Takeover:
    """One deployment's new pods; the settings of its step are absent where no load balancer can weigh requests.

    - `Ingress`: its manifest, while nothing is weighed.
    - `Shares`: percents of the requests, one after the other; none where new pods take over at once or in batches.
    - `BakeSeconds`: how long the new pods, and the alarms that may stop them, are watched after each share.
    - `SettleSeconds`: how long a load balancer may take to know new pods.
    """

    def __init__(self, context: Context, cluster: Cluster, step: Step) -> None:
        self._context = context
        self._cluster = cluster
        self._step = step
        self._name = f"{step.name}{CANARY}"
        self._ingress: Manifest | None = step.settings.get("Ingress")

    def is_left(self) -> bool:
        """Return whether an interrupted run has left a second Deployment, or its Service."""
        return self._cluster.get("Service", self._name) is not None

    def try_out(self, wanted: Manifest, live: Manifest | None) -> None:
        """Give new pods their shares of the requests; nothing is done where the pods stay the same.

        Raises:
            DeployError: they do not work; the cause is named, and the old ones answer all requests again.
            PendingError: the run was interrupted; the old ones answer all requests again.
        """
        if live is None or not self._is_due(wanted, live):
            return
        self._weigh(None)
        self.end()
        try:
            with translated(f"to try out the new pods of {self._step.id}"):
                self._give_shares(wanted, live["spec"]["replicas"])
        except PendingError:
            self._weigh(None)
            raise
        except RefusedError:
            self.end()
            raise
        except DeployError as error:
            self.end()
            message = f"{error.message}; undone, the old pods answer all requests again"
            raise DeployError(message, hint=error.hint, details=error.details) from error

    def end(self) -> None:
        """Send all requests to the deployment itself, and take away what stands beside it."""
        if not self.is_left():
            return
        self._weigh(None)
        self._delete("Deployment")
        self._delete("Service")

    def _is_due(self, wanted: Manifest, live: Manifest) -> bool:
        """Return whether pods that answer through a load balancer are about to be replaced."""
        answers = bool((live.get("status") or {}).get("availableReplicas"))
        if not (answers and self._step.settings.get("Shares") and self._has_front()):
            return False
        return any(text.startswith(TEMPLATE) for text in differences(wanted, live))

    def _has_front(self) -> bool:
        """Return whether requests come through an Ingress of ours already, whose controller knows weights."""
        live = self._cluster.get("Ingress", self._step.name) if self._ingress else None
        ours = live is not None and owns(live, self._context.name, self._context.env)
        return live is not None and ours and live["spec"].get("ingressClassName") == ALB

    def _give_shares(self, wanted: Manifest, replicas: int) -> None:
        """Start the new pods and watch them under each share.

        The load balancer hears of them before they start: its controller lets pods wait until they are healthy in the
        target groups that are there (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/, "Pod
        readiness gate").
        """
        settings = self._step.settings
        self._cluster.apply(canary_service(wanted))
        self._weigh(0)
        rollout = Rollout(self._context, self._cluster, self._step, name=self._name)
        alarms = TakeoverAlarms(self._context, self._step)
        alarms.leave_out_those_on()
        for percent in settings["Shares"]:
            self._cluster.apply(canary_deployment(wanted, max(1, math.ceil(replicas * percent / 100))))
            rollout.finished()
            rollout.kept(settings["SettleSeconds"], alarms.check)
            alarms.share(percent)
            self._weigh(percent)
            text = f"{percent} % of the requests go to new pods; watching them for {settings['BakeSeconds']} s"
            self._context.progress(self._step.id, text)
            rollout.kept(settings["BakeSeconds"], alarms.check)

    def _weigh(self, percent: int | None) -> None:
        """Tell the load balancer which part the new pods get; None takes them out of it."""
        if self._ingress is not None and self._has_front():
            found: Mapping[str, Any] = self._ingress if percent is None else weighted(self._ingress, percent)
            self._cluster.apply(found)

    def _delete(self, kind: str) -> None:
        def gone() -> bool | None:
            return True if self._cluster.get(kind, self._name) is None else None

        self._cluster.delete(kind, self._name)
        self._context.wait(gone, seconds=DELETE_SECONDS, what=f"{kind} {self._name} to be deleted")
