"""docs/reference/exit-codes.md: every exit code, from the errors that cause it."""

from __future__ import annotations

import inspect

from generators.markdown import page, table

from mldeploy import errors

INTRODUCTION = """\
Every command ends with one of these. Scripts may rely on them: a code never changes its meaning. `mldeploy plan
--detailed-exitcode` ends with 10 when there are changes."""
MEANINGS = {
    errors.ExitCode.DONE: "The command did what it should.",
    errors.ExitCode.UNEXPECTED: "A bug in mldeploy; `--debug` shows the traceback.",
    errors.ExitCode.RELEASE_INVALID: "release.yaml cannot be used; the messages say where, why and what to try.",
}


def exit_codes_page() -> str:
    """Return the page."""
    rows = [(str(code.value), code.name, MEANINGS.get(code) or _meaning(code)) for code in errors.ExitCode]
    return page("# Exit codes", INTRODUCTION, table(("code", "name", "meaning"), rows))


def _meaning(code: errors.ExitCode) -> str:
    classes = [found for _, found in inspect.getmembers(errors, inspect.isclass) if _causes(found, code)]
    return " ".join(str(inspect.getdoc(found)).partition("\n\n")[0] for found in classes)


def _causes(found: type, code: errors.ExitCode) -> bool:
    return issubclass(found, errors.MldeployError) and found.__dict__.get("exit_code") is code
