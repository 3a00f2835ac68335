"""The zip that Apigee imports.

Source: https://cloud.google.com/apigee/docs/api-platform/fundamentals/api-proxy-configuration-reference
"""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.model import JSON
from mldeploy.reproducible_zip import reproducible_zip
from mldeploy_apigee.bundle.tree import element, xml_bytes

POLICIES = "apiproxy/policies/"


def bundle_files(api: str, base_path: str, description: str, trees: Mapping[str, JSON]) -> dict[str, bytes]:
    """Return the files of a bundle by name, with the manifest that lists them.

    Arguments:
        api: the name of the proxy.
        description: what Apigee shows of the revision.
        trees: file name → XML document as data, everything in it known.
    """
    files = {name: xml_bytes(tree) for name, tree in trees.items()}
    return {f"apiproxy/{api}.xml": xml_bytes(_manifest(api, base_path, description, trees)), **files}


def bundle_zip(files: Mapping[str, bytes]) -> bytes:
    """Return the files as a zip, the same bytes on every machine."""
    return reproducible_zip(files)


def _manifest(api: str, base_path: str, description: str, trees: Mapping[str, JSON]) -> JSON:
    names = sorted(name.removeprefix(POLICIES).removesuffix(".xml") for name in trees if name.startswith(POLICIES))
    return element(
        "APIProxy",
        element("BasePaths", base_path),
        element("Description", description),
        element("DisplayName", api),
        element("Policies", *(element("Policy", name) for name in names)),
        element("ProxyEndpoints", element("ProxyEndpoint", "default")),
        element("TargetEndpoints", element("TargetEndpoint", "default")),
        name=api,
        revision="1",
    )
