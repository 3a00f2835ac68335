"""Creates, changes and deletes objects as the API server does; used by requests and by the controllers alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mldeploy_sandbox.kubernetes.deletion import Deletion, finished, marked
from mldeploy_sandbox.kubernetes.fields.managers import APPLY, UPDATE, Writer, applied, updated
from mldeploy_sandbox.kubernetes.patches import APPLY_PATCH, STRATEGIC_PATCH, patched
from mldeploy_sandbox.kubernetes.places import Place, check_version, configuration_of, not_found
from mldeploy_sandbox.kubernetes.preparation import (
    Options,
    changed_object,
    decoded,
    new_object,
    now,
    placed,
    same,
    with_defaults,
)
from mldeploy_sandbox.kubernetes.resources import Resource, Resources
from mldeploy_sandbox.kubernetes.rules.admission import Admission
from mldeploy_sandbox.kubernetes.rules.decoding import undeclared
from mldeploy_sandbox.kubernetes.rules.validation import validate
from mldeploy_sandbox.kubernetes.schema.types import schema_of
from mldeploy_sandbox.kubernetes.status import ApiError, Cause, bad_request, invalid
from mldeploy_sandbox.kubernetes.store import Document, Store


class Objects:
    """The objects of one cluster, with every rule for writing them."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self.store = store
        self.resources = resources
        self._admission = Admission(store, resources)

    def get(self, place: Place) -> Document:
        """Return an object.

        Raises:
            ApiError: it does not exist (404).
        """
        found = self.store.get(place.resource, place.namespace, place.name)
        if found is None:
            raise not_found(place.resource, place.name)
        return found

    def create(self, resource: Resource, namespace: str, body: Any, options: Options) -> Document:
        """Create an object.

        Raises:
            ApiError: it is not acceptable (400, 403, 404, 422) or exists (409).
        """
        document = placed(resource, decoded(resource, body, options), namespace)
        if not document["metadata"].get("name"):
            cause = Cause(
                reason="FieldValueRequired",
                message="Required value: name or generateName is required",
                field="metadata.name",
            )
            raise invalid(resource.kind, resource.group, "", [cause])
        if document["metadata"].get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise bad_request(message)
        with self.store.lock:
            return self._keep_new(resource, document, options, None)

    def update(self, place: Place, body: Any, options: Options) -> Document:
        """Replace an object, or its status.

        Raises:
            ApiError: it does not exist, is not acceptable, or was changed meanwhile (409).
        """
        document = placed(place.resource, decoded(place.resource, body, options), place.namespace, place.name)
        with self.store.lock:
            return self._keep_changed(place, document, self.get(place), options)

    def change(self, place: Place, edit: Callable[[Document], Document], options: Options) -> Document:
        """Change the current state of an object by a function that returns the new one."""
        with self.store.lock:
            old = self.get(place)
            return self._keep_changed(place, decoded(place.resource, edit(old), options), old, options)

    def patch(self, place: Place, kind: str, patch: Any, options: Options) -> tuple[Document, bool]:
        """Patch an object by one of the media types of `patches`; an apply creates what does not exist.

        Returns: the object, and whether it is new.

        Raises:
            ApiError: as for `create` and `update`, and 409 for an apply that conflicts with other managers.
        """
        if kind == APPLY_PATCH:
            return self._apply(place, patch, options)
        if kind == STRATEGIC_PATCH and place.resource.custom:
            message = "the body of the request was in an unknown format - accepted media types include: "
            accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            raise ApiError(415, "UnsupportedMediaType", f"{message}{accepted}")
        schema = schema_of(place.resource.api_version, place.resource.kind)
        with self.store.lock:
            old = self.get(place)
            document = decoded(place.resource, patched(old, patch, kind, schema), options)
            document = placed(place.resource, document, place.namespace, place.name)
            return self._keep_changed(place, document, old, options), False

    def delete(self, place: Place, deletion: Deletion, options: Options) -> tuple[Document, bool]:
        """Delete an object, or mark it so that whoever holds it can finish first.

        Returns: its last state, and whether it is gone.

        Raises:
            ApiError: it does not exist (404), or is not the one that is meant (409).
        """
        with self.store.lock:
            old = self.get(place)
            new = marked(place.resource, old, deletion)
            if options.dry_run:
                return new, finished(new)
            if finished(new):
                return self._remove(place.resource, new), True
            return (old if same(new, old) else self.store.put(place.resource, new)), False

    def _apply(self, place: Place, patch: Any, options: Options) -> tuple[Document, bool]:
        resource = place.resource
        schema = schema_of(resource.api_version, resource.kind)
        configuration = configuration_of(place, patch)
        problem = undeclared(configuration, schema)
        if problem:
            named = f"{place.namespace}/{place.name}; {resource.api_version}, Kind={resource.kind}"
            message = f"failed to create typed patch object ({named}): {problem}"
            raise ApiError(500, "", message)
        with self.store.lock:
            old = self.store.get(resource, place.namespace, place.name)
            if old is None and place.subresource:
                raise not_found(resource, place.name)
            writer = _writer(place, options, APPLY)
            result = applied(old or {}, configuration, schema, writer, now=now(), force=options.force)
            managed = result["metadata"]["managedFields"]
            document = placed(resource, decoded(resource, result, options), place.namespace, place.name)
            if old is None:
                return self._keep_new(resource, document, options, managed), True
            return self._keep_changed(place, document, old, options, managed), False

    def _keep_new(
        self, resource: Resource, document: Document, options: Options, managed: list[dict[str, Any]] | None
    ) -> Document:
        metadata = document["metadata"]
        if self.store.get(resource, metadata.get("namespace", ""), metadata["name"]) is not None:
            message = f'{resource.qualified} "{metadata["name"]}" already exists'
            raise ApiError(
                409, "AlreadyExists", message, group=resource.group, kind=resource.plural, name=metadata["name"]
            )
        new = with_defaults(new_object(resource, document))
        if resource.kind == "Service":
            self._admission.give_addresses(new, None)
        place = Place(resource=resource, namespace=metadata.get("namespace", ""), name=metadata["name"])
        new["metadata"]["managedFields"] = managed if managed is not None else self._managed({}, new, place, options)
        self._admission.check_place(resource, new)
        validate(resource, new, None)
        self._admission.check_policies(resource, new)
        options.warnings.extend(self._admission.warnings(resource, new))
        return new if options.dry_run else self._put(resource, new)

    def _keep_changed(
        self,
        place: Place,
        document: Document,
        old: Document,
        options: Options,
        managed: list[dict[str, Any]] | None = None,
    ) -> Document:
        """Keep a new state; `managed` are the managers as an apply left them."""
        resource = place.resource
        check_version(place, document, old)
        new = with_defaults(changed_object(resource, document, old, place.subresource))
        if resource.kind == "Service":
            self._admission.give_addresses(new, old)
        new["metadata"]["managedFields"] = managed if managed is not None else self._managed(old, new, place, options)
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if place.subresource != "status":
            validate(resource, new, old)
        if options.dry_run or same(new, old):
            return new if options.dry_run else old
        if finished(new):
            return self._remove(resource, new)
        return self._put(resource, new)

    def _managed(self, old: Document, new: Document, place: Place, options: Options) -> list[dict[str, Any]]:
        schema = schema_of(place.resource.api_version, place.resource.kind)
        return updated(old, new, schema, _writer(place, options, UPDATE), now=now())

    def _put(self, resource: Resource, document: Document) -> Document:
        if resource.kind == "CustomResourceDefinition":
            self.resources.define(document)
        return self.store.put(resource, document)

    def _remove(self, resource: Resource, document: Document) -> Document:
        if resource.kind == "CustomResourceDefinition":
            for each in self.resources.forget(document["metadata"]["name"]):
                for instance in self.store.select(each):
                    self.store.remove(each, instance)
        return self.store.remove(resource, document)


def _writer(place: Place, options: Options, operation: str) -> Writer:
    return Writer(
        manager=options.manager,
        operation=operation,
        api_version=place.resource.api_version,
        subresource=place.subresource,
    )
