"""Bring a generated project to the template of the installed mldeploy."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy import __version__
from mldeploy.errors import RefusedError
from mldeploy.scaffold.base import BASE_FILE, read_base
from mldeploy.scaffold.files import ANSWERS_FILE, project_files
from mldeploy.scaffold.git_command import git
from mldeploy.scaffold.interview import ENVIRONMENT, choose_environment
from mldeploy.scaffold.merge import Action, FileChange, Labels, merge_project
from mldeploy.scaffold.name import check_name
from mldeploy.scaffold.project import release_document
from mldeploy.scaffold.questions import Questionnaire
from mldeploy.whole_file import write_whole
from mldeploy.yaml.positions import read_document

if TYPE_CHECKING:
    from mldeploy.model import JSON

RECORDS = (ANSWERS_FILE, BASE_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an update would do: the files, from which version to which, and the records to write with them."""

    project: Path
    before: str
    after: str
    changes: tuple[FileChange, ...]
    records: tuple[tuple[str, bytes], ...]

    @property
    def conflicts(self) -> list[str]:
        """The paths of files that will hold conflict markers."""
        return [change.path for change in self.changes if change.action is Action.CONFLICT]

    @property
    def needed(self) -> bool:
        """Whether anything would be written, the version of the template included."""
        return bool(self.changes) or self.before != self.after


def prepare_update(project: Path) -> Update:
    """Compare a project with the template; nothing is written.

    Raises:
        RefusedError: the folder is not a generated project, it is newer than the installed mldeploy, or git is missing.
        UsageError: what was answered when the project was made is no longer possible.
    """
    recorded = _recorded(project)
    version = str(recorded["template_version"])
    if _numbers(version) > _numbers(__version__):
        message = f"the project has the template of mldeploy {version}, and this is {__version__}"
        raise RefusedError(message, hint="install the newer mldeploy; an update never goes back")
    files = dict(_template(recorded))
    records = tuple((path, files.pop(path)) for path in RECORDS)
    labels = Labels(base=f"template of mldeploy {version}", template=f"template of mldeploy {__version__}")
    changes = tuple(merge_project(project, read_base(project), files, labels))
    return Update(project=project, before=version, after=__version__, changes=changes, records=records)


def require_committed(project: Path) -> None:
    """Accept a project whose files are all committed, so that the update can be looked at and taken back.

    Raises:
        RefusedError: they are not, or there is no git repository.
    """
    command = ("status", "--porcelain", "--untracked-files=all", "--", ".")
    status = git(project, *command, check=False) if shutil.which("git") else None
    if status is None or status.returncode != 0:
        message = (
            f"git {'cannot be found' if status is None else 'knows no repository here'}: no update could be undone"
        )
        raise RefusedError(message, hint="put the project into a git repository and commit; or add --force")
    if changed := status.stdout.splitlines():
        message = f"{len(changed)} files are not committed"
        hint = "commit or stash first, so that `git diff` shows the update and nothing else; or add --force"
        raise RefusedError(message, hint=hint, details=tuple(changed[:10]))


def apply_update(update: Update) -> None:
    """Write the files, then the records: after a failure in between, running again finishes the rest.

    Raises:
        RefusedError: a file cannot be written.
    """
    contents = {change.path: change.after for change in update.changes if change.action is not Action.KEEP}
    for path, content in (*contents.items(), *update.records):
        try:
            if content is None:
                (update.project / path).unlink(missing_ok=True)
            else:
                write_whole(update.project / path, content, mode=0o644)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise RefusedError(message, hint="`mldeploy update --force` goes on where this one stopped") from error


def _recorded(project: Path) -> dict[str, JSON]:
    path = project / ANSWERS_FILE
    if not path.is_file():
        message = f"there is no {ANSWERS_FILE} in {project}: `mldeploy init` did not make this folder"
        raise RefusedError(message, hint="change into the project's folder, or name it with --directory")
    found = read_document(path).value
    wanted = {"template_version": str, "name": str, "answers": dict}
    if not isinstance(found, dict) or not all(isinstance(found.get(key), kind) for key, kind in wanted.items()):
        message = f"{ANSWERS_FILE} is damaged"
        raise RefusedError(message, hint="get it back from git")
    return found


def _template(recorded: dict[str, JSON]) -> Iterator[tuple[str, bytes]]:
    """Yield the files that `init` would write now, for the answers of then."""
    name, answers = recorded["name"], recorded["answers"]
    check_name(name)
    environment = choose_environment(str(answers.get(ENVIRONMENT, "local")), ask=False)
    compute_type = str(answers.get("type"))
    questionnaire = Questionnaire(compute_type)
    asked = {key: value for key, value in answers.items() if key not in {ENVIRONMENT, "type"}}
    document = release_document(name, compute_type, environment, asked, questionnaire.questions)
    return project_files(name, environment, document, questionnaire.schema, answers)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, which is enough to tell newer from older."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
