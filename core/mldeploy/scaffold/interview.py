"""Collect the answers for a new project: from flags, then a file, then a person, then defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.errors import UsageError
from mldeploy.release import ENVIRONMENT_NAMES
from mldeploy.scaffold.questions import Question, Questionnaire, dotted_answers
from mldeploy.suggestions import suggestion

if TYPE_CHECKING:
    from mldeploy.errors import Problem
    from mldeploy.model import JSON

ENVIRONMENT = "environment"
MOST_ROWS = 20


@dataclass(kw_only=True)
class Interview:
    """One run of questions.

    `given` holds what flags and the answers file said, by dotted key; with `ask`, the rest is asked on the terminal,
    else defaults are taken.
    """

    questionnaire: Questionnaire
    environment: str
    given: Mapping[str, JSON]
    ask: bool
    answers: dict[str, JSON] = field(default_factory=dict)

    def run(self) -> dict[str, JSON]:
        """Return the answers by dotted key.

        Raises:
            UsageError: an answer is wrong or does not go with another one, or answers without a default are missing.
        """
        missing = []
        for question in self.questionnaire.questions:
            reason = self.questionnaire.inapplicable(self.answers).get(question.key)
            if question.key in self.given:
                self._take(question, self.given[question.key], reason)
            elif reason is None and not self._switched_off(question):
                if self.ask:
                    self._prompt(question)
                elif (default := question.default_for(self.environment)) is not None:
                    self.answers[question.key] = default
                elif question.required:
                    missing.append(question.flag)
        if missing:
            message = f"no terminal to ask on, and no default for: {', '.join(missing)}"
            raise UsageError(message, hint="give these flags, or a file with --answers")
        return self.answers

    def _take(self, question: Question, value: JSON, reason: str | None) -> None:
        if reason is not None and value is not False:
            message = f"{question.flag} {value}: {reason}"
            raise UsageError(message, hint=f"leave {question.flag} out, or choose another answer before it")
        problems = self.questionnaire.problems(question.key, value)
        if problems:
            raise _refused(question.flag, problems)
        self.answers[question.key] = value

    def _switched_off(self, question: Question) -> bool:
        """Tell whether the section of a question was declined: no questions about a cache that nobody wants."""
        section, _, last = question.key.rpartition(".")
        return last != "enabled" and self.answers.get(f"{section}.enabled", True) is False

    def _prompt(self, question: Question) -> None:
        default = question.default_for(self.environment)
        asked = question.text if question.required or default is not None else f"{question.text} (optional)"
        offered = self._offer(question)
        while True:
            text = click.prompt(asked, default=_shown(default), show_default=default is not None, err=True)
            if not str(text).strip() and not question.required:
                return
            value = from_text(question, offered.get(str(text).strip(), str(text).strip()))
            problems = self.questionnaire.problems(question.key, value)
            if not problems:
                self.answers[question.key] = value
                return
            for problem in problems:
                click.echo(f"  {problem.message}; {problem.hint}", err=True)

    def _offer(self, question: Question) -> Mapping[str, str]:
        """Show the choices as a numbered table and return number → choice; long lists only where there are prices."""
        region = next((str(value) for key, value in self.answers.items() if key.endswith(".region")), "")
        priced = {row.name: (row, price) for row, price in self.questionnaire.rows(region)}
        rows = [priced[choice] for choice in question.choices if choice in priced]
        if not rows:
            lines = {choice: choice for choice in question.choices} if len(question.choices) <= MOST_ROWS else {}
        else:
            known = sorted((row for row in rows if row[1].dollars is not None), key=lambda row: row[1].dollars or 0)
            lines = {
                row.name: f"{row.name:18} {row.vcpus:3} vCPU {row.memory_gib:6g} GiB {price!s:>9} a month"
                for row, price in (known or rows)[:MOST_ROWS]
            }
            click.echo(f"prices in {region} as of {self.questionnaire.price_date()}, ~ is estimated", err=True)
        for number, line in enumerate(lines.values(), 1):
            click.echo(f"{number:3}  {line}", err=True)
        return {str(number): choice for number, choice in enumerate(lines, 1)}


def from_text(question: Question, text: str) -> JSON:
    """Return what somebody typed as the type that the schema wants; what cannot be converted stays text."""
    convert: Mapping[str, Callable[[str], JSON]] = {"integer": int, "number": _number, "boolean": _boolean}
    try:
        return convert.get(question.kind, str)(text)
    except ValueError:
        return text


def choose_environment(given: str | None, *, ask: bool) -> str:
    """Return the environment that the project is made for first.

    Raises:
        UsageError: there is no such environment.
    """
    if given is None and ask:
        given = click.prompt(
            "Which environment first?", default="local", type=click.Choice(ENVIRONMENT_NAMES), err=True
        )
    environment = given or "local"
    if environment not in ENVIRONMENT_NAMES:
        message = f"'{environment}' is no environment"
        raise UsageError(message, hint=suggestion(environment, ENVIRONMENT_NAMES, listed="environments"))
    return environment


def read_answers(path: Path, questionnaire: Questionnaire) -> dict[str, JSON]:
    """Return the answers in a YAML or JSON file by dotted key; keys may be nested as in release.yaml, or dotted.

    Raises:
        ReleaseError: the file cannot be read.
        UsageError: it holds something else than answers.
    """
    from mldeploy.yaml.positions import read_document  # noqa: PLC0415 - PyYAML, only with --answers

    document = read_document(path)
    if not isinstance(document.value, dict):
        message = f"{path} holds no answers"
        raise UsageError(message, hint="write `key: value` lines, for example `instance: {type: ml.m5.xlarge}`")
    answers = dotted_answers(document.value)
    known = {ENVIRONMENT, *(question.key for question in questionnaire.questions)}
    for key in answers:
        if key not in known:
            message = f"{path}: '{key}' is no question"
            raise UsageError(message, hint=suggestion(key, known, listed="questions"))
    return answers


def _refused(flag: str, problems: list[Problem]) -> UsageError:
    first = problems[0]
    return UsageError(f"{flag}: {first.message}", hint=first.hint)


def _shown(default: JSON) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None else str(default)


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _boolean(text: str) -> JSON:
    return {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}.get(text.lower(), text)
