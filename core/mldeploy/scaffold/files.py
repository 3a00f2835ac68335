"""The contents of a new project: template files, and the YAML and JSON that hold the user's answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy import __version__
from mldeploy.pipelines import PIPELINE_FOLDERS, deployed_environments, pipeline_files
from mldeploy.resources import data_folder
from mldeploy.scaffold.base import BASE_FILE, pack_base
from mldeploy.yaml.writing import to_yaml

if TYPE_CHECKING:
    from mldeploy.model import JSON

TEMPLATE_SUFFIX = ".jinja"
STATIC_PART = "release.static.yaml"
"""The part of release.yaml that does not depend on answers; lies in the template, not in projects."""
ANSWERS_FILE = ".mldeploy-answers.yaml"
SCHEMA_FILE = "release.schema.json"
EDITOR_LINE = f"# yaml-language-server: $schema=./{SCHEMA_FILE}\n"
"""What the YAML language server (VS Code, IntelliJ, Neovim, …) looks for at the top of a file."""
NOT_COPIED = {"__pycache__", ".pytest_cache", STATIC_PART, *PIPELINE_FOLDERS}


def project_files(
    name: str, environment: str, document: Mapping[str, JSON], schema: Mapping[str, JSON], answers: Mapping[str, JSON]
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every file of a new project.

    Arguments:
        name, environment: tokens that were checked; nothing else reaches a text template.
        document: the keys of release.yaml that come from answers.
        answers: what was asked, for a later update of the project.
    """
    files = dict(_owned_files(name, environment, document, schema))
    yield from files.items()
    record = {"template_version": __version__, "name": name, "answers": dict(answers)}
    head = "# What this project was made from; `mldeploy update` reads it.\n"
    yield ANSWERS_FILE, (head + to_yaml(record)).encode()
    yield BASE_FILE, pack_base(files)


def _owned_files(
    name: str, environment: str, document: Mapping[str, JSON], schema: Mapping[str, JSON]
) -> Iterator[tuple[str, bytes]]:
    tokens = {"name": name, "environment": environment, "mldeploy_version": __version__, "extras": _extras(document)}
    yield from template_files(tokens)
    yield from pipeline_files(name, deployed_environments(document))
    yield "release.yaml", release_text(document).encode()
    yield SCHEMA_FILE, (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _extras(document: Mapping[str, JSON]) -> str:
    """Return what pip installs beside mldeploy: the extras that are named like the compute type and the gateways."""
    from importlib.metadata import metadata  # noqa: PLC0415 - only `init` asks

    known = metadata("mldeploy").get_all("Provides-Extra") or []
    gateways = {overlay.get("expose", {}).get("gateway") for overlay in document["environments"].values()}
    wanted = sorted({document.get("type"), *gateways} & set(known))
    return f"[{','.join(wanted)}]" if wanted else ""


def template_files(values: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the template; those that end in .jinja are rendered, the others copied."""
    from jinja2 import StrictUndefined  # noqa: PLC0415 - only `init` renders
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    root = data_folder("service_template")
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not path.is_file() or NOT_COPIED.intersection(relative.parts):
            continue
        if path.suffix == TEMPLATE_SUFFIX:
            text = environment.from_string(path.read_text("utf-8")).render(values)
            yield relative.as_posix().removesuffix(TEMPLATE_SUFFIX), text.encode()
        else:
            yield relative.as_posix(), path.read_bytes()


def release_text(document: Mapping[str, JSON]) -> str:
    """Return release.yaml: answers through the serializer, the static part with its comments as it is."""
    static = (data_folder("service_template") / STATIC_PART).read_text("utf-8")
    answered = {key: value for key, value in document.items() if key != "environments"}
    environments = {"environments": document["environments"]}
    return f"{EDITOR_LINE}{to_yaml(answered)}\n{static}\n{to_yaml(environments)}"
