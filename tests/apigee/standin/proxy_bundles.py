"""Bundles written by hand, so that the stand-in is not tested with what our own generator happens to write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from textwrap import dedent
from xml.sax.saxutils import escape


def steps(names: Iterable[str | tuple[str, str]]) -> str:
    """Return steps; a pair has a condition."""
    pairs = [(name, "") if isinstance(name, str) else name for name in names]
    return "".join(
        f"<Step><Name>{name}</Name>{f'<Condition>{escape(condition)}</Condition>' if condition else ''}</Step>"
        for name, condition in pairs
    )


def archive(
    *,
    base_path: str = "/api",
    policies: Mapping[str, str] | None = None,
    request: Iterable[str | tuple[str, str]] = (),
    response: Iterable[str | tuple[str, str]] = (),
    afterwards: Iterable[str | tuple[str, str]] = (),
    target_request: Iterable[str | tuple[str, str]] = (),
    target_faults: str = "",
    endpoint: str = "",
    routes: str = '<RouteRule name="default"><TargetEndpoint>default</TargetEndpoint></RouteRule>',
    backend: str = "http://127.0.0.1:1",
    connection: str = "",
    properties: Mapping[str, str] | None = None,
    description: str = "",
) -> io.BytesIO:
    """Return a bundle.

    Arguments:
        policies: the XML of each by name.
        endpoint: more elements of the proxy endpoint, such as fault rules.
        connection: elements of HTTPTargetConnection in the place of the backend's URL.
    """
    limits = "".join(f'<Property name="{name}">{value}</Property>' for name, value in (properties or {}).items())
    files = {
        "apiproxy/api.xml": f'<APIProxy name="api"><Description>{escape(description)}</Description></APIProxy>',
        "apiproxy/proxies/default.xml": f"""
            <ProxyEndpoint name="default">
              <PreFlow name="PreFlow">
                <Request>{steps(request)}</Request>
                <Response>{steps(response)}</Response>
              </PreFlow>
              {endpoint}
              <PostClientFlow><Response>{steps(afterwards)}</Response></PostClientFlow>
              <HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>
              {routes}
            </ProxyEndpoint>""",
        "apiproxy/targets/default.xml": f"""
            <TargetEndpoint name="default">
              <PreFlow name="PreFlow"><Request>{steps(target_request)}</Request></PreFlow>
              {target_faults}
              <HTTPTargetConnection>
                <Properties>{limits}</Properties>
                {connection or f"<URL>{backend}</URL>"}
              </HTTPTargetConnection>
            </TargetEndpoint>""",
        **{f"apiproxy/policies/{name}.xml": text for name, text in (policies or {}).items()},
    }
    return zipped(files)


def zipped(files: Mapping[str, str]) -> io.BytesIO:
    """Return files as an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, dedent(text))
    buffer.seek(0)
    return buffer
