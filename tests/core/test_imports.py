"""What may import what, and what stays unloaded until it is needed."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mldeploy import hookspecs
from mldeploy.cli.commands import COMMANDS
from mldeploy.cli.entry import root
from mldeploy.errors import ExitCode

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "core").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
PROVIDER_LIBRARIES = {
    "boto3", "botocore", "docker", "fastapi", "flask", "kubernetes", "moto", "redis", "requests", "uvicorn", "werkzeug",
}  # fmt: skip
HEAVY = {*PROVIDER_LIBRARIES, "jinja2", "jsonschema", "rich", "yaml"}
PLUGIN_PACKAGES = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}


def imported(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (module, names taken from it) for every import of a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module), [alias.name for alias in node.names]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"], ["plan", "--help"], ["plugins"]])
def test_a_quick_command_loads_nothing_heavy(arguments: list[str]) -> None:
    watch = f"import sys; from mldeploy.cli import main; main({arguments}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "mldeploy" in loaded
    assert not loaded & HEAVY


def test_the_version_needs_no_click() -> None:
    watch = "import sys; from mldeploy.cli import main; main(['--version']); sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", watch], check=False).returncode == 0


def loaded_by(*arguments: str, folder: Path) -> set[str]:
    """Return the names of all modules that a command loads."""
    watch = "import sys; from mldeploy.cli import main; code = main(sys.argv[1:]); print(*sys.modules); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", watch, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_help_knows_plugins_without_their_hooks(tmp_path: Path) -> None:
    loaded = loaded_by("--help", folder=tmp_path)
    assert "mldeploy_sagemaker.cli" in loaded
    assert not loaded & {"json", "pluggy", "mldeploy.limits", "mldeploy.model", "mldeploy.session"}


def test_the_check_of_a_good_file_loads_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "release.yaml").write_text(
        "name: sentiment\ntype: sagemaker\ninstance:\n  type: ml.m5.xlarge\n  count: 1\n  region: eu-central-1\n"
        "cache:\n  enabled: true\n"
    )
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "model").mkdir()
    loaded = loaded_by("validate", folder=tmp_path)
    assert {"mldeploy_sagemaker.steps", "mldeploy_cache.steps", "mldeploy_gateway.steps"} <= loaded
    assert not loaded & {
        *HEAVY,
        "asyncio",
        "http.client",
        "mldeploy.deployment",
        "pickle",
    }


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_knows_no_provider_and_no_plugin(path: Path) -> None:
    tops = {module.partition(".")[0] for module, _ in imported(path)}
    assert not tops & PROVIDER_LIBRARIES
    assert not tops & PLUGIN_PACKAGES


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT)))
def test_plugins_use_public_names_of_the_core_only(path: Path) -> None:
    for module, names in imported(path):
        if module.partition(".")[0] == "mldeploy":
            private = [name for name in (*module.split("."), *names) if name.startswith("_") and name != "__version__"]
            assert not private, f"from {module} import {names}"
            assert not module.startswith("mldeploy.cli") or module == "mldeploy.cli.options", module


def test_every_hook_is_documented_with_its_exact_arguments() -> None:
    page = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
    hooks = {name: value for name, value in vars(hookspecs).items() if name.startswith("mldeploy_")}
    assert len(hooks) == 10
    for name, value in hooks.items():
        assert f"\n## {name}\n" in page
        signature = str(inspect.signature(value)).replace("'", "")
        assert f"\n{name}{signature}\n" in page


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    assert all(f"| {int(code)} | {code.name} |" in page for code in ExitCode)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_and_explains_itself(command: str) -> None:
    found = root.get_command(None, command)
    assert found is not None
    assert found.name == command
    assert found.help


def test_the_list_of_commands_is_whole_in_80_columns_and_imports_none_of_ours() -> None:
    watch = (
        "import sys; from mldeploy.cli.entry import run_command; run_command(['--help']);"
        "print([name for name in sys.modules if name in set(sys.argv[1:])], file=sys.stderr)"
    )
    modules = [f"mldeploy.cli.{command}" for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", watch, *modules], capture_output=True, text=True, check=True, env={"COLUMNS": "80"}
    )
    assert done.stderr == "[]\n"
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
