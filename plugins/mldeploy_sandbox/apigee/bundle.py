"""An API proxy bundle as it is imported: a zip of XML documents.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.errors import Code, GoogleError

ROOT = "apiproxy/"
FOLDERS = {"proxies": "ProxyEndpoint", "targets": "TargetEndpoint", "policies": None}
MAX_BYTES = 60 * 1024 * 1024
"""Of all files together; ours, against archives that unpack to any size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The documents of a bundle; endpoints and policies by the names that they have in their XML."""

    name: str
    display_name: str
    description: str
    proxies: Mapping[str, Element]
    targets: Mapping[str, Element]
    policies: Mapping[str, Element]
    resources: tuple[str, ...]

    @property
    def base_paths(self) -> list[str]:
        """The base path of every proxy endpoint."""
        return [text(proxy, "HTTPProxyConnection/BasePath") for proxy in self.proxies.values()]


def read_bundle(archive: bytes) -> Bundle:
    """Read a bundle and check that its parts fit together.

    Raises:
        GoogleError: INVALID_ARGUMENT, with a violation for everything that is wrong.
    """
    files = _unpacked(archive)
    documents = {path: _parsed(path, data) for path, data in files.items() if path.endswith(".xml")}
    roots = [document for path, document in documents.items() if path.count("/") == 1]
    if len(roots) != 1 or roots[0].tag != "APIProxy":
        raise _invalid(["a bundle has one document apiproxy/NAME.xml, whose root is APIProxy"])
    parts: dict[str, dict[str, Element]] = {folder: {} for folder in FOLDERS}
    for path, document in documents.items():
        folder = path.removeprefix(ROOT).split("/")[0]
        if folder in parts:
            parts[folder][document.get("name", "")] = document
    bundle = Bundle(
        name=roots[0].get("name", ""),
        display_name=text(roots[0], "DisplayName"),
        description=text(roots[0], "Description"),
        resources=tuple(path for path in files if path.startswith(f"{ROOT}resources/")),
        **parts,
    )
    problems = list(_problems(bundle))
    if problems:
        raise _invalid(problems)
    return bundle


def text(element: Element, path: str, default: str = "") -> str:
    """Return the text below a path, without blanks around it."""
    return (element.findtext(path) or default).strip()


def is_true(element: Element, path: str, *, default: bool = False) -> bool:
    """Return the boolean below a path."""
    return text(element, path, str(default)).lower() == "true"


def _unpacked(archive: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
            entries = [entry for entry in bundle.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise _invalid([f"the bundle unpacks to more than {MAX_BYTES} bytes"])
            return {entry.filename: bundle.read(entry) for entry in entries if entry.filename.startswith(ROOT)}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _invalid([f"the bundle is no zip archive: {error}"]) from error


def _parsed(path: str, data: bytes) -> Element:
    """Parse a document; none may bring a document type, and with it entities."""
    if b"<!DOCTYPE" in data:
        raise _invalid([f"{path}: document types are not allowed"])
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - entities need a document type
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter for odd encodings
        raise _invalid([f"{path}: {error}"]) from error


def _problems(bundle: Bundle) -> Iterator[str]:
    if not bundle.proxies:
        yield "a bundle needs a document below apiproxy/proxies"
    for base_path in bundle.base_paths:
        if not base_path.startswith("/"):
            yield f"the base path '{base_path}' does not begin with /"
    for folder, tag in FOLDERS.items():
        for name, document in getattr(bundle, folder).items():
            if not name:
                yield f"a document in {folder} has no name"
            if tag and document.tag != tag:
                yield f"{folder}/{name}: the root is {document.tag}, not {tag}"
    for name, endpoint in [*bundle.proxies.items(), *bundle.targets.items()]:
        for step in endpoint.iter("Step"):
            if text(step, "Name") not in bundle.policies:
                yield f"the endpoint {name} has a step of the policy '{text(step, 'Name')}', which does not exist"
        for route in endpoint.findall("RouteRule/TargetEndpoint"):
            if (route.text or "").strip() not in bundle.targets:
                yield f"the endpoint {name} has a route to '{route.text}', which does not exist"


def _invalid(problems: list[str]) -> GoogleError:
    violations = [{"field": "bundle", "description": problem} for problem in problems]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    return GoogleError(Code.INVALID_ARGUMENT, f"generic::invalid_argument: bundle is invalid: {problems[0]}", details)
