"""mldeploy::ClusterAccess: whether the cluster is there, has what the release needs, and lets us do what we will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mldeploy import Observed, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_eks.answers import translated
from mldeploy_eks.connection import ClusterGoneError
from mldeploy_eks.kinds import KINDS

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster

CHANGES = ("get", "list", "create", "patch", "delete")
"""The verbs of one step's life; an apply that makes an object needs both `patch` and `create` (Kubernetes
documentation, "Server-Side Apply", "RBAC access and permissions")."""
LOOKS = ("list Pod", "list ReplicaSet", "list Event", "get Pod/log")
"""What watching a rollout needs."""
READS = ("get ", "list ")
AT_ONCE = 16


def permissions(kinds: Iterable[str]) -> list[str]:
    """Return everything that has to be allowed for objects of these kinds, as `verb Kind`."""
    made = sorted(set(kinds))
    of_others = ["get Deployment"] if "InferenceService" in made else []
    return [*(f"{verb} {kind}" for kind in made for verb in CHANGES), *of_others, *LOOKS]


class ClusterDriver:
    """Spec: Name, Namespace, Permissions (`verb Kind`), Kinds (those that an add-on has to bring). Outputs: Name.

    There is nothing to make: what is missing stops the run, and everything else in the cluster waits for this step.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Ask the cluster; what it refuses or lacks is missing in the spec that is returned.

        Raises:
            RefusedError: we may not even look, so that no plan can be made.
        """
        try:
            with translated(f"to read {step.id}"):
                observed = self._asked(step)
        except ClusterGoneError:
            return None
        if any(text.startswith(READS) for text in _missing(step, observed)):
            _refuse_missing(step, observed)
        return observed

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Refuse to go on with what is missing.

        Raises:
            RefusedError: it names each verb, resource and namespace, and what would put it right.
        """
        observed = observed or self.read(step)
        if observed is None:
            self._context.provider("kubernetes")  # raises, and says what to do
            message = f"{step.id} cannot be read"
            raise RefusedError(message)
        _refuse_missing(step, observed)
        return observed.outputs

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: the cluster is not ours."""

    def _asked(self, step: Step) -> Observed:
        cluster: Cluster = self._context.provider("kubernetes")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            allowed = list(pool.map(lambda text: allows(cluster, text), step.spec["Permissions"]))
        found = {
            "Namespace": step.spec["Namespace"] if self._has_namespace(cluster, step) else "missing",
            "Permissions": [text for text, yes in zip(step.spec["Permissions"], allowed, strict=True) if yes],
            "Kinds": [kind for kind in step.spec["Kinds"] if cluster.serves(KINDS[kind])],
        }
        return Observed(outputs={"Name": step.spec["Name"]}, spec={**step.spec, **found}, looked_up=True)

    def _has_namespace(self, cluster: Cluster, step: Step) -> bool:
        """Return whether the namespace is there, or is made; where we may not look, the first object will tell."""
        if "create Namespace" in step.spec["Permissions"] or not cluster.allows("get", KINDS["Namespace"]):
            return True
        return cluster.get("Namespace", step.spec["Namespace"]) is not None


def _missing(step: Step, observed: Observed) -> list[str]:
    return [text for text in step.spec["Permissions"] if text not in observed.spec["Permissions"]]


def _refuse_missing(step: Step, observed: Observed) -> None:
    namespace = step.spec["Namespace"]
    if observed.spec["Namespace"] != namespace:
        message = f"the cluster has no namespace {namespace}"
        hint = f"`kubectl create namespace {namespace}`, or set eks.createNamespace: true"
        raise RefusedError(message, hint=hint)
    missing = [text.split() for text in _missing(step, observed)]
    if missing:
        message = f"Kubernetes does not let us do {len(missing)} things in namespace {namespace}"
        details = tuple(f"{verb} {_resource(kind)} in namespace {namespace}" for verb, kind in missing)
        hint = f"add these rules to a Role that is bound to you:\n{rules_text(missing)}"
        raise RefusedError(message, hint=hint, details=details)
    absent = [kind for kind in step.spec["Kinds"] if kind not in observed.spec["Kinds"]]
    if absent:
        message = f"the cluster does not know {', '.join(f'{k} ({KINDS[k].api_version})' for k in absent)}"
        raise RefusedError(message, hint="install the add-on; `mldeploy doctor` prints the commands")


def rules_text(missing: Iterable[Sequence[str]]) -> str:
    """Return the rules of a Role that allow pairs of a verb and a kind, as YAML."""
    verbs: dict[str, list[str]] = {}
    for verb, kind in missing:
        verbs.setdefault(kind, []).append(verb)
    return "\n".join(
        f'- {{apiGroups: ["{KINDS[kind.partition("/")[0]].group}"], resources: ["{_resource(kind, group=False)}"], '
        f"verbs: [{', '.join(found)}]}}"
        for kind, found in verbs.items()
    )


def allows(cluster: Cluster, text: str) -> bool:
    """Ask the cluster whether we may do what `verb Kind` says."""
    verb, _, kind = text.partition(" ")
    name, _, subresource = kind.partition("/")
    return cluster.allows(verb, KINDS[name], subresource)


def _resource(kind: str, *, group: bool = True) -> str:
    """Return how RBAC calls a kind, such as `deployments.apps` or `pods/log`."""
    name, slash, subresource = kind.partition("/")
    found = KINDS[name]
    return f"{found.plural}{slash}{subresource}" + (f".{found.group}" if group and found.group else "")
