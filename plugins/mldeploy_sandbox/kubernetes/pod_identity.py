"""Pod identity associations and add-ons of EKS: kept and answered; pods that are processes get no credentials by them.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html and API_CreateAddon.html.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mldeploy_sandbox.plane import AwsError, Call, Operation

IN_USE, NOT_FOUND = "ResourceInUseException", "ResourceNotFoundException"
Place = tuple[str, str]
"""Region and name of a cluster."""


class PodIdentity:
    """What EKS keeps about the identity of pods, of all clusters."""

    def __init__(self) -> None:
        self._associations: dict[str, dict[str, Any]] = {}
        self._addons: dict[tuple[Place, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Return the handlers, as a plane does."""
        return {
            ("eks", "CreatePodIdentityAssociation"): self._create,
            ("eks", "DescribePodIdentityAssociation"): lambda call: {"association": self._found(call)},
            ("eks", "ListPodIdentityAssociations"): self._list,
            ("eks", "UpdatePodIdentityAssociation"): self._update,
            ("eks", "DeletePodIdentityAssociation"): self._delete,
            ("eks", "CreateAddon"): self._create_addon,
            ("eks", "DescribeAddon"): self._describe_addon,
        }

    def tag(self, arn: str, tags: Mapping[str, str]) -> bool:
        """Put tags on the association of an ARN, and return whether there is one."""
        with self._lock:
            found = next((each for each in self._associations.values() if each["associationArn"] == arn), None)
            if found is not None:
                found["tags"] = {**found["tags"], **tags}
            return found is not None

    def forget(self, region: str, cluster: str) -> None:
        """Forget what belongs to a cluster that is deleted."""
        with self._lock:
            self._associations = {
                key: found
                for key, found in self._associations.items()
                if (_region(found), found["clusterName"]) != (region, cluster)
            }
            self._addons = {key: found for key, found in self._addons.items() if key[0] != (region, cluster)}

    def _create(self, call: Call) -> Mapping[str, Any]:
        given = {key: call.params[key] for key in ("clusterName", "namespace", "serviceAccount", "roleArn")}
        with self._lock:
            if any(_is_at(found, call) for found in self._associations.values()):
                account = f"{given['namespace']}/{given['serviceAccount']}"
                message = f"Association already exists: {given['clusterName']} {account}"
                raise AwsError(IN_USE, message, status=409)
            name = f"a-{uuid.uuid4().hex[:17]}"
            place = f"arn:aws:eks:{call.region}:{call.account_id}:podidentityassociation/{given['clusterName']}"
            now = datetime.now(UTC)
            self._associations[name] = {
                **given,
                "associationId": name,
                "associationArn": f"{place}/{name}",
                "tags": dict(call.params.get("tags", {})),
                "createdAt": now,
                "modifiedAt": now,
            }
            return {"association": dict(self._associations[name])}

    def _list(self, call: Call) -> Mapping[str, Any]:
        shown = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
        with self._lock:
            found = [each for each in self._associations.values() if _is_at(each, call)]
        return {"associations": [{key: each[key] for key in shown} for each in found]}

    def _update(self, call: Call) -> Mapping[str, Any]:
        found = self._found(call)
        with self._lock:
            found |= {"roleArn": call.params.get("roleArn", found["roleArn"]), "modifiedAt": datetime.now(UTC)}
            self._associations[found["associationId"]] = found
        return {"association": found}

    def _delete(self, call: Call) -> Mapping[str, Any]:
        found = self._found(call)
        with self._lock:
            self._associations.pop(found["associationId"], None)
        return {"association": found}

    def _found(self, call: Call) -> dict[str, Any]:
        with self._lock:
            found = self._associations.get(call.params["associationId"])
            if found is None or not _is_at(found, call):
                message = f"No association found with the id: {call.params['associationId']}"
                raise AwsError(NOT_FOUND, message, status=404)
            return dict(found)

    def _create_addon(self, call: Call) -> Mapping[str, Any]:
        name, cluster = call.params["addonName"], call.params["clusterName"]
        now = datetime.now(UTC)
        addon = {
            "addonName": name,
            "clusterName": cluster,
            "status": "ACTIVE",
            "createdAt": now,
            "modifiedAt": now,
            "tags": dict(call.params.get("tags", {})),
        }
        with self._lock:
            self._addons[(call.region, cluster), name] = addon
        return {"addon": addon}

    def _describe_addon(self, call: Call) -> Mapping[str, Any]:
        name, cluster = call.params["addonName"], call.params["clusterName"]
        with self._lock:
            found = self._addons.get(((call.region, cluster), name))
        if found is None:
            message = f"No addon: {name} found in cluster: {cluster}"
            raise AwsError(NOT_FOUND, message, status=404)
        return {"addon": found}


def _region(association: Mapping[str, Any]) -> str:
    return str(association["associationArn"].split(":")[3])


def _is_at(association: Mapping[str, Any], call: Call) -> bool:
    """Return whether an association is in the region of a call, and has what it says of cluster and account."""
    asked = ("clusterName", "namespace", "serviceAccount")
    same = all(association[key] == call.params[key] for key in asked if key in call.params)
    return same and _region(association) == call.region
