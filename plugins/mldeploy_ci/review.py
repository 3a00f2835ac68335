"""The review of CircleCI's orb-tools, rules RC001 to RC012, without a network.

RC006 and RC007 ask the network there; here the form of the address is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mldeploy.wording import quoted
from mldeploy_ci.definitions import Definitions, definitions_of, items, mapping
from mldeploy_ci.findings import Finding
from mldeploy_ci.references import own_alias
from mldeploy_ci.values import interpolations, texts

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath
    from mldeploy_ci.sources import Source

SHORTEST_DESCRIPTION = 64
LONGEST_COMMAND = 64
DESCRIBED = ("commands", "jobs", "executors", "examples")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
RELEASE_TAG = re.compile(r"v?(\d+)\.\d+\.\d+", re.ASCII)
MAJOR = re.compile(r"@v?(\d+)|/v(\d+)[./]", re.ASCII)
"""The major version in `namespace/orb@1.2` or in the tag of an orb's URL."""


def review(source: Source, *, release: str | None = None) -> Iterator[Finding]:
    """Yield the broken rules of an orb.

    Arguments:
        release: the tag that is about to be released, such as `v1.2.3`, for RC011.
    """
    orb = mapping(source.value)
    definitions = definitions_of(orb)
    yield from _metadata(orb)
    yield from _descriptions(orb)
    yield from _examples(orb)
    yield from _runs(orb, source)
    yield from _names(definitions)
    yield from _cache_keys(definitions)
    if release is not None:
        yield from _versions(orb, definitions, release)


def _metadata(orb: Mapping[str, JSON]) -> Iterator[Finding]:
    display = mapping(orb.get("display"))
    if not display.get("source_url"):
        message = "the orb does not say where its source is"
        yield Finding(rule="RC001", message=message, path=("display",), hint="add `display: {source_url: …}`")
    for rule, key in (("RC006", "source_url"), ("RC007", "home_url")):
        address = display.get(key)
        if address and not _is_url(address):
            message = f"{quoted(address)} is not the address of a web page"
            yield Finding(rule=rule, message=message, path=("display", key), hint="start with https://")
    description = orb.get("description")
    if not isinstance(description, str) or len(description) < SHORTEST_DESCRIPTION:
        message = f"the description of the orb has less than {SHORTEST_DESCRIPTION} characters"
        yield Finding(rule="RC005", message=message, path=("description",), hint="say what it is for, and for whom")


def _descriptions(orb: Mapping[str, JSON]) -> Iterator[Finding]:
    for section in DESCRIBED:
        for name, body in mapping(orb.get(section)).items():
            if not mapping(body).get("description"):
                message = f"{section.removesuffix('s')} '{name}' has no description"
                yield Finding(rule="RC002", message=message, path=(section, name), about_key=True)


def _examples(orb: Mapping[str, JSON]) -> Iterator[Finding]:
    examples = mapping(orb.get("examples"))
    if not examples:
        yield Finding(rule="RC003", message="the orb has no example", path=(), hint="add a file to examples/")
    for name in examples:
        if "example" in name.lower():
            message = f"the name of the example '{name}' contains 'example'"
            yield Finding(rule="RC004", message=message, path=("examples", name), hint="name its use", about_key=True)


def _runs(orb: Mapping[str, JSON], source: Source) -> Iterator[Finding]:
    for path, run in _run_steps(orb):
        if not isinstance(run, dict) or not run.get("name"):
            yield Finding(rule="RC008", message="a run step has no name", path=path, hint="add `name:`", about_key=True)
        where = (*path, "command") if isinstance(run, dict) else path
        command = run.get("command") if isinstance(run, dict) else run
        too_long = isinstance(command, str) and len(command) > LONGEST_COMMAND
        if source.unpacked and too_long and where not in source.included:
            message = f"the command has more than {LONGEST_COMMAND} characters"
            yield Finding(rule="RC009", message=message, path=where, hint="put it in a script: <<include(scripts/…)>>")


def _run_steps(orb: Mapping[str, JSON]) -> Iterator[tuple[KeyPath, JSON]]:
    for section in ("commands", "jobs"):
        yield from _runs_in(mapping(orb.get(section)), (section,))


def _runs_in(value: JSON, path: KeyPath) -> Iterator[tuple[KeyPath, JSON]]:
    """Yield every run step below a value: they are items of lists, also of those in conditions and defaults."""
    for index, item in enumerate(items(value)):
        if isinstance(item, dict) and "run" in item:
            yield (*path, index, "run"), item["run"]
        else:
            yield from _runs_in(item, (*path, index))
    for key, inner in mapping(value).items():
        yield from _runs_in(inner, (*path, key))


def _names(definitions: Definitions) -> Iterator[Finding]:
    for definition in definitions.all():
        declared = [(name, (*definition.path, "parameters", name)) for name in definition.parameters]
        for name, path in [(definition.name, definition.path), *declared]:
            if SNAKE_CASE.fullmatch(name) is None:
                better = re.sub(r"[^a-z0-9]+", "_", name.lower())
                hint = f"rename it to {better}"
                yield Finding(rule="RC010", message=f"'{name}' is not snake_case", path=path, hint=hint, about_key=True)


def _cache_keys(definitions: Definitions) -> Iterator[Finding]:
    """CircleCI resolves no environment variables in cache keys; `{{ .Environment.X }}` is for that."""
    for definition in definitions.all():
        variables = {name for name, found in definition.parameters.items() if str(found.default).startswith("$")}
        for path, text in texts(dict(definition.body), definition.path):
            used = {name for scope, name in interpolations(text) if scope == "parameters"}
            if path[-1] == "key" and used & variables:
                message = (
                    f"the default of {', '.join(sorted(used & variables))} is a variable, which a key does not resolve"
                )
                yield Finding(rule="RC012", message=message, path=path, hint="use {{ .Environment.NAME }}")


def _versions(orb: Mapping[str, JSON], definitions: Definitions, release: str) -> Iterator[Finding]:
    tag = RELEASE_TAG.fullmatch(release)
    for name, example in mapping(orb.get("examples")).items():
        usage = mapping(example).get("usage")
        alias = own_alias(usage, definitions)
        if tag is None or alias is None:
            continue
        path = ("examples", name, "usage", "orbs", alias)
        reference = mapping(mapping(usage).get("orbs"))[alias]
        major = MAJOR.search(reference) if isinstance(reference, str) else None
        if major is None or tag[1] not in major.groups():
            message = f"the example imports {quoted(reference)}, and {release} is released"
            yield Finding(rule="RC011", message=message, path=path, hint=f"import version {tag[1]}")


def _is_url(address: JSON) -> bool:
    parts = urlsplit(address) if isinstance(address, str) else None
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
