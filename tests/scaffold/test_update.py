"""`mldeploy update` brings a project to a newer template and loses nothing that its owner changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mldeploy import pipelines
from mldeploy.cli.entry import run_command
from mldeploy.errors import ExitCode
from mldeploy.resources import data_folder
from mldeploy.scaffold import files
from mldeploy.scaffold import update as scaffold_update

pytestmark = pytest.mark.req("1.8")
NEWER = "99.1.0"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("written") / "demo"
    answers = ["--no-input", "--instance-type", "ml.c5.large"]
    assert run_command(["init", "demo", *answers, "--directory", str(target)]) == 0
    return target


@pytest.fixture
def project(written: Path, tmp_path: Path) -> Path:
    """A project of the present template, committed."""
    return shutil.copytree(written, tmp_path / "demo")


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path) -> Path:
    """The template of a newer mldeploy, to change as a test likes."""
    copy = shutil.copytree(data_folder("service_template"), tmp_path / "template", symlinks=True)
    for module in (files, pipelines):
        monkeypatch.setattr(module, "data_folder", lambda _name: copy)
    for module in (files, scaffold_update):
        monkeypatch.setattr(module, "__version__", NEWER)
    return copy


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def commit(project: Path) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", "-C", project, *identity, "commit", "--quiet", "--all", "--message", "Change"], check=True)


def changed_files(project: Path) -> set[str]:
    done = subprocess.run(
        ["git", "-C", project, "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    )
    return {line[3:] for line in done.stdout.splitlines()}


def update(project: Path, *arguments: str) -> int:
    return run_command(["update", "--directory", str(project), *arguments])


RECORDS = {".mldeploy-answers.yaml", ".mldeploy-template.tar.xz", "requirements-deploy.txt"}
"""What names or holds the template's version."""


def test_nothing_to_do_says_so(project: Path, capsys):
    assert update(project) == ExitCode.DONE
    assert "nothing to do" in capsys.readouterr().out
    assert changed_files(project) == set()


def test_what_the_owner_changed_is_merged_with_what_the_template_changed(project: Path, template: Path, capsys):
    edit(project / "model_loader.py", 'label="positive" if score >= 0.5', 'label="positive" if score >= 0.7')
    edit(project / "README.md", "# demo", "# Our demo")
    commit(project)
    edit(template / "model_loader.py", "max_length=5000", "max_length=6000")
    edit(template / "service" / "contract.py", '"""', '"""Newer. ')
    (template / "service" / "brand_new.py").write_text('"""New."""\n')
    (template / "sonar-project.properties").unlink()

    assert update(project) == ExitCode.DONE
    loader = (project / "model_loader.py").read_text()
    assert "max_length=6000" in loader
    assert "score >= 0.7" in loader
    assert (project / "service" / "contract.py").read_text().startswith('"""Newer.')
    assert (project / "service" / "brand_new.py").is_file()
    assert not (project / "sonar-project.properties").exists()
    assert (project / "README.md").read_text().startswith("# Our demo")
    shown = capsys.readouterr().err
    for line in ("merged    model_loader.py", "replaced  service/contract.py", "added     service/brand_new.py"):
        assert line in shown
    assert changed_files(project) == RECORDS | {
        *("model_loader.py", "service/contract.py", "service/brand_new.py", "sonar-project.properties")
    }
    assert update(project, "--force") == ExitCode.DONE
    assert "nothing to do" in capsys.readouterr().out


def test_the_same_lines_on_both_sides_are_a_conflict_with_an_exit_code(project: Path, template: Path, capsys):
    edit(project / "model_loader.py", "max_length=5000", "max_length=100")
    commit(project)
    edit(template / "model_loader.py", "max_length=5000", "max_length=6000")
    assert update(project) == ExitCode.REFUSED
    text = (project / "model_loader.py").read_text()
    assert "<<<<<<< yours" in text
    assert f">>>>>>> template of mldeploy {NEWER}" in text
    shown = capsys.readouterr().err
    assert "conflict  model_loader.py" in shown
    assert "a person has to decide" in shown


def test_a_dry_run_shows_the_diff_and_writes_nothing(project: Path, template: Path, capsys):
    edit(template / "model_loader.py", "max_length=5000", "max_length=6000")
    assert update(project, "--dry-run") == ExitCode.DONE
    shown = capsys.readouterr().out
    assert "+++ b/model_loader.py" in shown
    assert "+Instance = Annotated[str, Field(min_length=1, max_length=6000)]" in shown
    assert changed_files(project) == set()


def test_uncommitted_work_is_refused_and_left_alone(project: Path, template: Path, capsys):
    edit(template / "model_loader.py", "max_length=5000", "max_length=6000")
    edit(project / "train.py", "0.8", "0.7")
    (project / "notes.txt").write_text("mine")
    assert update(project) == ExitCode.REFUSED
    shown = capsys.readouterr().err
    assert "2 files are not committed" in shown
    assert "train.py" in shown
    assert changed_files(project) == {"train.py", "notes.txt"}
    assert update(project, "--force") == ExitCode.DONE
    assert "0.7" in (project / "train.py").read_text()


def test_without_git_there_is_no_way_back_so_it_asks_for_force(project: Path, template: Path, capsys):
    shutil.rmtree(project / ".git")
    assert update(project) == ExitCode.REFUSED
    assert "git knows no repository here" in capsys.readouterr().err
    assert update(project, "--force") == ExitCode.DONE


def test_without_the_program_git_the_message_names_it(project: Path, template: Path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(project))
    assert update(project) == ExitCode.REFUSED
    assert "git cannot be found" in capsys.readouterr().err
    assert update(project, "--force") == ExitCode.DONE, "there is nothing to merge"


def test_what_the_owner_removed_stays_removed_and_what_he_changed_stays(project: Path, template: Path, capsys):
    (project / "sonar-project.properties").unlink()
    edit(project / ".coveragerc", "[", "# mine\n[")
    commit(project)
    (template / "sonar-project.properties").write_text("new=1\n")
    (template / ".coveragerc").unlink()
    assert update(project) == ExitCode.DONE
    assert not (project / "sonar-project.properties").exists()
    assert "# mine" in (project / ".coveragerc").read_text()
    shown = capsys.readouterr().err
    assert "kept      sonar-project.properties (you removed it" in shown
    assert "kept      .coveragerc (the template has it no longer" in shown


def test_other_locked_versions_are_kept_and_the_owner_is_told(project: Path, template: Path, capsys):
    edit(project / "requirements.lock", "numpy==", "numpy===")
    commit(project)
    edit(template / "requirements.lock", "fastapi==", "fastapi===")
    assert update(project) == ExitCode.DONE
    assert "fastapi===" not in (project / "requirements.lock").read_text()
    assert "you locked other versions" in capsys.readouterr().err


def test_a_file_of_the_owner_where_the_template_has_a_new_one_is_never_lost(project: Path, template: Path):
    (project / "service" / "brand_new.py").write_text("mine = 1\n")
    subprocess.run(["git", "-C", project, "add", "."], check=True)
    commit(project)
    (template / "service" / "brand_new.py").write_text("theirs = 1\n")
    assert update(project) == ExitCode.REFUSED
    text = (project / "service" / "brand_new.py").read_text()
    assert "mine = 1" in text
    assert "theirs = 1" in text


def test_links_are_not_followed_out_of_the_project(project: Path, template: Path, tmp_path: Path):
    (tmp_path / "elsewhere.py").write_text("untouched\n")
    (project / "train.py").unlink()
    (project / "train.py").symlink_to(tmp_path / "elsewhere.py")
    commit(project)
    edit(template / "train.py", "0.8", "0.9")
    assert update(project) == ExitCode.DONE
    assert (tmp_path / "elsewhere.py").read_text() == "untouched\n"


def test_a_folder_where_the_template_has_a_file_is_left_alone(project: Path, template: Path, capsys):
    (project / "service" / "brand_new.py").mkdir()
    (template / "service" / "brand_new.py").write_text("new = 1\n")
    assert update(project) == ExitCode.DONE
    assert (project / "service" / "brand_new.py").is_dir()
    assert "kept      service/brand_new.py (a folder and a file" in capsys.readouterr().err


def test_windows_line_ends_are_no_change(project: Path, template: Path):
    loader = project / "model_loader.py"
    loader.write_bytes(loader.read_bytes().replace(b"\n", b"\r\n"))
    commit(project)
    edit(template / "model_loader.py", "max_length=5000", "max_length=6000")
    assert update(project) == ExitCode.DONE
    assert b"max_length=6000" in loader.read_bytes()
    assert loader.read_bytes().count(b"\n") == loader.read_bytes().count(b"\r\n")


def test_the_answers_of_then_are_used(project: Path, template: Path):
    edit(template / "release.static.yaml", "gateway: api-gateway", "gateway: api-gateway # new")
    assert update(project) == ExitCode.DONE
    text = (project / "release.yaml").read_text()
    assert "ml.c5.large" in text
    assert "# new" in text


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda project: (project / ".mldeploy-answers.yaml").unlink(), "did not make this folder"),
        (lambda project: (project / ".mldeploy-answers.yaml").write_text("[]"), "damaged"),
        (lambda project: (project / ".mldeploy-template.tar.xz").unlink(), "cannot be read"),
        (lambda project: (project / ".mldeploy-template.tar.xz").write_bytes(b"x" * 2000), "damaged"),
        (lambda project: edit(project / ".mldeploy-answers.yaml", "name: demo", "name: '{{ x }}'"), "name"),
        (lambda project: edit(project / ".mldeploy-answers.yaml", "_version: 0", "_version: 100"), "never goes back"),
    ],
    ids=["no answers", "no mapping", "no base", "broken base", "hostile name", "newer project"],
)
def test_a_project_that_cannot_be_updated_is_refused_with_a_reason(project: Path, break_it, says: str, capsys):
    break_it(project)
    before = changed_files(project)
    assert update(project) in {ExitCode.REFUSED, ExitCode.USAGE}
    shown = capsys.readouterr().err
    assert says in shown
    assert "try:" in shown or "example" in shown
    assert changed_files(project) == before
