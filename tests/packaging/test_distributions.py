"""Wheel, sdist, the wheel of the sdist and an editable install hold the same files and work outside the checkout."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.installation import ROOT, Environment, build, run

SOURCES = {"core/mldeploy": "mldeploy", "schemas": "mldeploy/schemas", "service_template": "mldeploy/service_template"}
SOURCES |= {
    f"plugins/{path.name}": path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file()
}
LEFT_OUT = {"__pycache__", ".pytest_cache", ".keep"}
NEEDED = (
    "mldeploy/cli/run.py",
    "mldeploy/py.typed",
    "mldeploy/schemas/base.json",
    "mldeploy/service_template/.dockerignore",
    "mldeploy/service_template/.gitignore",
    "mldeploy/service_template/.circleci/config.yml.jinja",
    "mldeploy/testing/contract.py",
)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.make(tmp_path_factory.mktemp("installed") / "environment")
    environment.install(wheel)
    return environment


def in_checkout() -> set[str]:
    """Return the files that have to be in a wheel, by their place there: what git knows or would know."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *SOURCES, cwd=ROOT).splitlines()
    found = set()
    for name in listed:
        source = next(source for source in SOURCES if name.startswith(f"{source}/"))
        if (ROOT / name).is_file() and not LEFT_OUT & set(Path(name).parts):
            found.add(f"{SOURCES[source]}{name.removeprefix(source)}")
    return found


def in_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name and not LEFT_OUT & {*Path(name).parts}}


def test_the_wheel_holds_exactly_what_the_checkout_has(wheel: Path) -> None:
    assert in_wheel(wheel) == in_checkout()


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_easily_forgotten_is_there(wheel: Path, name: str) -> None:
    assert name in in_wheel(wheel)


def test_every_package_is_typed(wheel: Path) -> None:
    packages = {name.partition("/")[0] for name in in_wheel(wheel)}
    assert packages == {target.partition("/")[0] for target in SOURCES.values()}
    assert {f"{package}/py.typed" for package in packages} <= in_wheel(wheel)


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    assert in_wheel(build(sdist, "wheel", tmp_path)) == in_wheel(wheel)


def test_the_sdist_holds_what_a_packager_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "core/mldeploy/__init__.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", ".mldeploy", ".cache"))]


def test_the_installed_wheel_answers_outside_the_checkout(installed: Environment, tmp_path: Path) -> None:
    assert installed.mldeploy("--version", cwd=tmp_path).startswith("mldeploy ")
    plugins = {row["name"] for row in json.loads(installed.mldeploy("plugins", "--json", cwd=tmp_path))}
    assert {"api-gateway", "aws", "cache", "image", "local", "sagemaker", "verify"} <= plugins
    schema = json.loads(installed.mldeploy("schema", cwd=tmp_path))
    assert {"name", "instance", "cache", "verify"} <= set(schema["properties"])


def test_the_installed_wheel_writes_a_project_with_its_hidden_files(installed: Environment, tmp_path: Path) -> None:
    installed.mldeploy("init", "sentiment", "--no-input", cwd=tmp_path)
    project = tmp_path / "sentiment"
    assert all((project / name).is_file() for name in ("release.yaml", ".dockerignore", ".gitignore", "Dockerfile"))
    installed.mldeploy("validate", cwd=project)


def test_every_dependency_is_declared(installed: Environment, tmp_path: Path) -> None:
    """Importing every module of the core and of the plugins that need no extra works in a fresh environment."""
    program = (
        "import importlib, pkgutil, sys\n"
        "for package in sys.argv[1:]:\n"
        "    module = importlib.import_module(package)\n"
        "    for found in pkgutil.walk_packages(module.__path__, package + '.'):\n"
        "        if not found.name.startswith(('mldeploy.testing', 'mldeploy.__main__')):\n"
        "            importlib.import_module(found.name)\n"
    )
    with_extra = {"mldeploy_contract", "mldeploy_sandbox"}
    packages = sorted({target.partition("/")[0] for target in SOURCES.values()} - with_extra)
    run(installed.python, "-c", program, *packages, cwd=tmp_path)


def test_an_editable_install_finds_its_data_in_the_checkout(tmp_path: Path) -> None:
    environment = Environment.make(tmp_path / "environment")
    environment.install("--editable", ROOT)
    program = (
        "from mldeploy.resources import data_folder as find; import mldeploy, mldeploy_sagemaker;"
        "print(mldeploy.__file__, mldeploy_sagemaker.__file__, find('schemas'), find('service_template'), sep='\\n')"
    )
    found = [Path(line) for line in run(environment.python, "-c", program, cwd=tmp_path).split()]
    assert found == [
        ROOT / "core/mldeploy/__init__.py",
        ROOT / "plugins/mldeploy_sagemaker/__init__.py",
        ROOT / "schemas",
        ROOT / "service_template",
    ]
    names = {row["name"] for row in json.loads(environment.mldeploy("plugins", "--json", cwd=tmp_path))}
    assert {"image", "sagemaker", "verify"} <= names


def test_the_version_is_the_same_everywhere(wheel: Path) -> None:
    from mldeploy import __version__

    assert wheel.name.startswith(f"mldeploy-{__version__}-")
