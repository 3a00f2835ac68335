"""Rules for names, labels and annotations.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/#syntax-and-character-set
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.fields.paths import compact
from mldeploy_sandbox.kubernetes.status import Cause

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
LABEL_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
ANNOTATION_BYTES = 256 * 1024

EDGES = "and must start and end with an alphanumeric character"
FORMS = {
    "subdomain": (
        SUBDOMAIN,
        253,
        (
            f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {EDGES} "
            f"(e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        ),
    ),
    "label": (
        LABEL,
        63,
        (
            f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {EDGES} "
            f"(e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
        ),
    ),
    "label 1035": (
        LABEL_1035,
        63,
        (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
            f"regex used for validation is '{LABEL_1035}')"
        ),
    ),
}
NAME_FORMS = {"Namespace": "label", "Service": "label 1035"}
"""Kinds whose names are shorter than a subdomain. Not every release takes a Service that begins with a digit."""

ANY_NAME = {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
"""Their names are path segments, so that `system:masters` is one."""


def invalid_value(field: str, value: Any, why: str) -> Cause:
    """Return the cause "Invalid value" in the API server's words."""
    return Cause(reason="FieldValueInvalid", message=f"Invalid value: {compact(value)}: {why}", field=field)


def required_value(field: str, why: str = "") -> Cause:
    """Return the cause "Required value"."""
    return Cause(reason="FieldValueRequired", message="Required value" + (f": {why}" if why else ""), field=field)


def check_name(field: str, name: str, form: str) -> Iterator[Cause]:
    """Check a name of one of FORMS."""
    pattern, longest, why = FORMS[form]
    if len(name) > longest:
        # https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/validation
        yield invalid_value(field, name, f"must be no more than {longest} {'bytes' if longest < 253 else 'characters'}")
    if not re.fullmatch(pattern, name):
        yield invalid_value(field, name, why)


def check_metadata(metadata: Mapping[str, Any], kind: str) -> Iterator[Cause]:
    """Check name, labels and annotations of an object."""
    if kind not in ANY_NAME:
        yield from check_name("metadata.name", metadata["name"], NAME_FORMS.get(kind, "subdomain"))
    yield from check_labels("metadata.labels", metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        yield from _check_key("metadata.annotations", key.lower())
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATION_BYTES:
        yield Cause(
            reason="FieldValueTooLong",
            message=f"Too long: may not be more than {ANNOTATION_BYTES} bytes",
            field="metadata.annotations",
        )


def check_labels(field: str, labels: Mapping[str, str]) -> Iterator[Cause]:
    """Check keys and values of labels."""
    for key, value in labels.items():
        yield from _check_key(field, key)
        if len(value) > 63:
            yield invalid_value(field, value, "must be no more than 63 bytes")
        if not re.fullmatch(LABEL_VALUE, value):
            why = (
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                f"{EDGES} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '{LABEL_VALUE}')"
            )
            yield invalid_value(field, value, why)


def _check_key(field: str, key: str) -> Iterator[Cause]:
    prefix, _, name = key.rpartition("/")
    good = re.fullmatch(QUALIFIED, name) and len(name) <= 63 and (not prefix or re.fullmatch(SUBDOMAIN, prefix))
    if not good or key.startswith("/"):
        why = (
            f"name part must consist of alphanumeric characters, '-', '_' or '.', {EDGES} "
            f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
        )
        yield invalid_value(field, key, why)
