"""Keeps `metadata.managedFields` true: who set which field, who conflicts with whom, what an applier gives up.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.kubernetes.fields.paths import Fields, Path, below, from_fields_v1, shown, to_fields_v1
from mldeploy_sandbox.kubernetes.fields.values import fields_of, merged, without
from mldeploy_sandbox.kubernetes.schema.types import Schema
from mldeploy_sandbox.kubernetes.status import ApiError, Cause

APPLY, UPDATE = "Apply", "Update"
UNMANAGED = (
    "namespace",
    "name",
    "generateName",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Fields of the metadata that nobody owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, and how: `operation` is Apply or Update, `subresource` is empty for the object itself."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def shown(self) -> str:
        """The words for it in a conflict."""
        name = f'"{self.manager}"'
        if self.subresource:
            name += f' with subresource "{self.subresource}"'
        return name if self.operation == APPLY else f"{name} using {self.api_version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One entry of `managedFields`."""

    fields: Fields
    time: str

    def entry(self, writer: Writer) -> dict[str, Any]:
        """Return it as the API writes it."""
        document = {
            "manager": writer.manager,
            "operation": writer.operation,
            "apiVersion": writer.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields_v1(self.fields),
        }
        return document | ({"subresource": writer.subresource} if writer.subresource else {})


def read_managers(document: Mapping[str, Any]) -> dict[Writer, Owned]:
    """Read `metadata.managedFields`."""
    return {
        Writer(
            manager=entry.get("manager", ""),
            operation=entry["operation"],
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
        ): Owned(fields=from_fields_v1(entry.get("fieldsV1", {})), time=entry.get("time", ""))
        for entry in document.get("metadata", {}).get("managedFields") or ()
    }


def write_managers(managers: Mapping[Writer, Owned]) -> list[dict[str, Any]]:
    """Return `metadata.managedFields`: appliers first, then by time, as the API server sorts them."""
    order = sorted(managers.items(), key=lambda item: (item[0].operation, item[1].time, item[0].manager))
    return [owned.entry(writer) for writer, owned in order if owned.fields]


def applied(
    live: Mapping[str, Any], patch: Mapping[str, Any], schema: Schema, writer: Writer, *, now: str, force: bool
) -> dict[str, Any]:
    """Apply a configuration: what it no longer names and nobody else owns goes away.

    Arguments:
        live: the object as it is; empty when the patch creates it.

    Raises:
        ApiError: other managers own fields that would change, and `force` is not set.
    """
    managers = read_managers(live)
    before = managers.get(writer)
    wanted = frozenset(managed_fields_of(patch, schema, writer))
    result = merged(dict(live), dict(patch), schema)
    if before is not None:
        others: set[Path] = set().union(*(owned.fields for who, owned in managers.items() if who != writer))
        gone = {path for path in before.fields - wanted - others if not _holds(path, wanted, others)}
        result = without(result, schema, gone, wanted | others)
    managers = _after(managers, live, result, schema, writer, force=force)
    unchanged = before is not None and before.fields == wanted
    managers[writer] = Owned(fields=wanted, time=before.time if before and unchanged else now)
    result.setdefault("metadata", {})
    result["metadata"] = {**result["metadata"], "managedFields": write_managers(managers)}
    return dict(result)


def updated(
    live: Mapping[str, Any], new: Mapping[str, Any], schema: Schema, writer: Writer, *, now: str
) -> list[dict[str, Any]]:
    """Return `managedFields` after a write that is not an apply: what it changed is the writer's."""
    managers = _after(read_managers(live), live, new, schema, writer, force=True)
    old, fresh = managed_fields_of(live, schema, writer), managed_fields_of(new, schema, writer)
    changed = {path for path, value in fresh.items() if path not in old or old[path] != value}
    before = managers.get(writer)
    kept = {path for path in before.fields if path in fresh} if before else set()
    fields = frozenset(kept | changed)
    unchanged = before is not None and before.fields == fields and not changed
    managers[writer] = Owned(fields=fields, time=before.time if before and unchanged else now)
    return write_managers(managers)


def managed_fields_of(document: Mapping[str, Any], schema: Schema, writer: Writer) -> dict[Path, Any]:
    """Return the fields of an object that a writer can own: the status is for writers to the subresource `status`."""
    content = {key: value for key, value in document.items() if key not in {"apiVersion", "kind"}}
    found = fields_of(content, schema, with_maps=writer.operation == UPDATE)
    return {path: value for path, value in found.items() if _ownable(path, writer.subresource)}


def _ownable(path: Path, subresource: str) -> bool:
    if path[0] == "f:metadata":
        return len(path) > 1 and path[1].removeprefix("f:") not in UNMANAGED
    return (path[0] == "f:status") == (subresource == "status")


def _holds(path: Path, wanted: Fields, others: set[Path]) -> bool:
    """Tell whether something that stays lies below a path."""
    return below(wanted, path) or below(others, path)


def _after(
    managers: Mapping[Writer, Owned],
    live: Mapping[str, Any],
    new: Mapping[str, Any],
    schema: Schema,
    writer: Writer,
    *,
    force: bool,
) -> dict[Writer, Owned]:
    """Return what the managers own after a change: nobody keeps what another one changed or removed."""
    result: dict[Writer, Owned] = {}
    conflicts: list[tuple[Writer, Path]] = []
    for who, owned in managers.items():
        if who == writer:
            result[who] = owned
            continue
        old, fresh = managed_fields_of(live, schema, who), managed_fields_of(new, schema, who)
        lost = {path for path in owned.fields if path in fresh and (path not in old or old[path] != fresh[path])}
        conflicts += [(who, path) for path in sorted(lost)]
        left = frozenset(path for path in owned.fields - lost if path in fresh)
        result[who] = Owned(fields=left, time=owned.time)
    if conflicts and not force:
        raise conflict_error(conflicts)
    return result


def conflict_error(conflicts: Sequence[tuple[Writer, Path]]) -> ApiError:
    """Return the error that names each field and its manager, in the API server's words."""
    causes = tuple(
        Cause(reason="FieldManagerConflict", message=f"conflict with {who.shown}", field=shown(path))
        for who, path in conflicts
    )
    if len(conflicts) == 1:
        who, path = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {who.shown}: {shown(path)}"
    else:
        lines: list[str] = []
        for name in sorted({who.shown for who, _ in conflicts}):
            lines += [f"conflicts with {name}:", *(f"- {shown(path)}" for who, path in conflicts if who.shown == name)]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, causes=causes)
