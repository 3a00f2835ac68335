"""Answers requests about objects: get, list, watch, create, update, patch, delete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from mldeploy_sandbox.kubernetes.api.lists import page, selection
from mldeploy_sandbox.kubernetes.api.requests import Target, is_watch, read_body, read_options
from mldeploy_sandbox.kubernetes.api.reviews import review
from mldeploy_sandbox.kubernetes.api.scale import change_scale, scale_of
from mldeploy_sandbox.kubernetes.api.watch import watch
from mldeploy_sandbox.kubernetes.authorization import Authorizer, User
from mldeploy_sandbox.kubernetes.deletion import Deletion, read_deletion
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.patches import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from mldeploy_sandbox.kubernetes.places import Place
from mldeploy_sandbox.kubernetes.preparation import Options, decoded, placed
from mldeploy_sandbox.kubernetes.resources import ASKED_ONLY
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: one document, or a stream of lines."""

    document: Document | None = None
    stream: Iterator[bytes] | None = None
    status: int = 200
    warnings: tuple[str, ...] = ()


class Verbs:
    """Does what requests want with the objects of one cluster."""

    def __init__(self, objects: Objects, authorizer: Authorizer) -> None:
        self._objects = objects
        self._authorizer = authorizer

    def answer(self, request: Request, target: Target, user: User) -> Reply | None:
        """Answer a request about an object or a collection; None for a method that it does not have.

        Raises:
            ApiError: the request is refused.
        """
        verb = f"{request.method} {'object' if target.name else 'collection'}"
        actions = {
            "GET object": self._get,
            "GET collection": self._list,
            "POST collection": self._create,
            "PUT object": self._update,
            "PATCH object": self._patch,
            "DELETE object": self._delete,
            "DELETE collection": self._delete_all,
        }
        if target.resource.verbs == ASKED_ONLY and verb == "POST collection":
            body = decoded(target.resource, read_body(request), read_options(request))
            return Reply(document=review(target.resource, body, user, self._authorizer), status=201)
        if verb not in actions or target.resource.verbs == ASKED_ONLY:
            return None
        return actions[verb](request, target)

    def _get(self, request: Request, target: Target) -> Reply:
        if is_watch(request):
            return self._list(request, target)
        found = self._objects.get(_place(target))
        return Reply(document=scale_of(found) if target.subresource == "scale" else found)

    def _list(self, request: Request, target: Target) -> Reply:
        selected = selection(request, target)
        store = self._objects.store
        if is_watch(request):
            return Reply(stream=watch(store, target.resource, selected, request.args))
        with store.lock:
            version, found = store.version, store.select(target.resource, target.namespace)
        items = [document for document in found if selected(document)]
        return Reply(document=page(request, target, items, version))

    def _create(self, request: Request, target: Target) -> Reply:
        options = read_options(request)
        created = self._objects.create(target.resource, target.namespace, read_body(request), options)
        return _reply(created, options, status=201)

    def _update(self, request: Request, target: Target) -> Reply:
        options, body = read_options(request), read_body(request)
        if target.subresource == "scale":
            return _reply(change_scale(self._objects, _place(target), "", body, options), options)
        if target.subresource == "finalize":
            return _reply(self._finalize(target, body, options), options)
        return _reply(self._objects.update(_place(target), body, options), options)

    def _patch(self, request: Request, target: Target) -> Reply:
        kind = request.mimetype
        if kind not in PATCHES:
            message = "the body of the request was in an unknown format - accepted media types include: "
            raise ApiError(415, "UnsupportedMediaType", message + ", ".join(PATCHES))
        options, body = read_options(request), read_body(request)
        if target.subresource == "scale":
            return _reply(change_scale(self._objects, _place(target), kind, body, options), options)
        document, is_new = self._objects.patch(_place(target), kind, body, options)
        return _reply(document, options, status=201 if is_new else 200)

    def _delete(self, request: Request, target: Target) -> Reply:
        options = read_options(request)
        deletion = read_deletion(read_body(request) or {}, request.args)
        document, gone = self._objects.delete(_place(target), deletion, options)
        return Reply(document=_success(target, document) if gone else document)

    def _delete_all(self, request: Request, target: Target) -> Reply:
        options, selected = read_options(request), selection(request, target)
        deletion = read_deletion(read_body(request) or {}, request.args)
        store = self._objects.store
        with store.lock:
            version = store.version
            chosen = [each for each in store.select(target.resource, target.namespace) if selected(each)]
            for document in chosen:
                self._delete_one(target, document, deletion, options)
        return Reply(document=page(request, target, chosen, version))

    def _delete_one(self, target: Target, document: Document, deletion: Deletion, options: Options) -> None:
        metadata = document["metadata"]
        place = Place(resource=target.resource, namespace=metadata.get("namespace", ""), name=metadata["name"])
        self._objects.delete(place, deletion, options)

    def _finalize(self, target: Target, body: Any, options: Options) -> Document:
        document = placed(target.resource, decoded(target.resource, body, options), "", target.name)
        finalizers = document.get("spec", {}).get("finalizers", [])
        return self._objects.change(
            _place(target), lambda old: {**old, "spec": {**old["spec"], "finalizers": finalizers}}, options
        )


def _place(target: Target) -> Place:
    return Place(resource=target.resource, namespace=target.namespace, name=target.name, subresource=target.subresource)


def _reply(document: Document, options: Options, status: int = 200) -> Reply:
    return Reply(document=document, status=status, warnings=tuple(options.warnings))


def _success(target: Target, document: Document) -> Document:
    resource = target.resource
    details = {"name": target.name, "kind": resource.plural, "uid": document["metadata"]["uid"]}
    details |= {"group": resource.group} if resource.group else {}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
