"""`mldeploy init`: questions, then a project that runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mldeploy.scaffold.feature_branch import Branching
    from mldeploy.scaffold.interview import Interview
    from mldeploy.scaffold.questions import Question, Questionnaire

DEFAULT_TYPE = "sagemaker"


class InitCommand(click.Command):
    """Has one flag per question, and the questions come from the schemas of the compute type's plugins."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Add the flags before the arguments are parsed."""
        from mldeploy.scaffold.questions import Questionnaire

        questionnaire = Questionnaire(_compute_type(args))
        fixed = [parameter for parameter in self.params if not isinstance(parameter, QuestionOption)]
        self.params = [*fixed, *_options(questionnaire, fixed)]
        return super().make_context(info_name, args, parent, obj=questionnaire, **extra)


class QuestionOption(click.Option):
    """The flag of one question; its value is checked with the other answers, not here."""

    def __init__(self, question: Question, names: Sequence[str]) -> None:
        if question.kind == "boolean":
            declared = ["/".join((names[0], names[0].replace("--", "--no-", 1)))]
            super().__init__([_variable(question), *declared], default=None, help=question.text)
        else:
            super().__init__(
                [_variable(question), *names], default=None, metavar=question.kind.upper(), help=question.text
            )
        self.question = question


@click.command(cls=InitCommand)
@click.argument("name")
@click.option("--type", "compute_type", default=DEFAULT_TYPE, show_default=True, help="The compute plugin.")
@click.option("--environment", help="The environment that the project is made for first (default: local).")
@click.option("--directory", type=click.Path(path_type=Path), help="The folder to write (default: ./NAME).")
@click.option(
    "--answers", type=click.Path(path_type=Path), help="A YAML or JSON file with answers, nested as in release.yaml."
)
@click.option("--no-input", is_flag=True, help="Never ask; take defaults for what flags and --answers leave open.")
@click.option("--no-git", is_flag=True, help="Leave git alone.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty; replaced files are listed.")
@click.pass_obj
def init(
    questionnaire: Questionnaire,
    /,
    *,
    name: str,
    compute_type: str,
    environment: str | None,
    directory: Path | None,
    answers: Path | None,
    no_input: bool,
    no_git: bool,
    force: bool,
    **flags: str | bool | None,
) -> None:
    """Make a project: a service around a model, its tests, pipelines and release.yaml, on a feature branch.

    \b
    mldeploy init sentiment                                asks
    mldeploy init sentiment --no-input                     takes defaults
    mldeploy init sentiment --instance-type ml.m5.xlarge   asks for the rest
    """
    from mldeploy.cli.terminal import is_interactive
    from mldeploy.scaffold.feature_branch import Branching, start_branch
    from mldeploy.scaffold.interview import ENVIRONMENT, read_answers
    from mldeploy.scaffold.name import check_name
    from mldeploy.scaffold.project import check_target

    check_name(name)
    target = directory or Path(name)
    check_target(target, force=force)
    given = read_answers(answers, questionnaire) if answers else {}
    given |= _given_by_flags(questionnaire, flags)
    if environment is not None:
        given[ENVIRONMENT] = environment
    interview = _interview(questionnaire, given, ask=is_interactive(no_input=no_input))
    count, replaced = _write(name, compute_type, interview, target)
    branching = Branching() if no_git else start_branch(target, name)
    _report(target, count, replaced, branching)
    click.echo(_cost(interview))
    click.echo(_next_steps(target, interview.environment))


def _compute_type(arguments: Sequence[str]) -> str:
    """Find the value of --type before click parses anything."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--type="):
            return argument.removeprefix("--type=")
        if argument == "--type" and position + 1 < len(arguments):
            return arguments[position + 1]
    return DEFAULT_TYPE


def _variable(question: Question) -> str:
    return "answer_" + question.flag.removeprefix("--").replace("-", "_")


def _options(questionnaire: Questionnaire, fixed: Sequence[click.Parameter]) -> list[QuestionOption]:
    """Return a flag per question, with the short form `--count` where no other flag has that name."""
    short = [_short_flag(question) for question in questionnaire.questions]
    taken = {name for parameter in fixed for name in parameter.opts}
    options = []
    for question, name in zip(questionnaire.questions, short, strict=True):
        unique = short.count(name) == 1 and name not in taken
        names = [question.flag, name] if unique and name != question.flag else [question.flag]
        options.append(QuestionOption(question, names))
    return options


def _short_flag(question: Question) -> str:
    section, dot, _ = question.key.partition(".")
    return question.flag.replace(f"--{section}-", "--", 1) if dot else question.flag


def _given_by_flags(questionnaire: Questionnaire, flags: Mapping[str, str | bool | None]) -> dict[str, Any]:
    from mldeploy.scaffold.interview import from_text

    return {
        question.key: value if isinstance(value, bool) else from_text(question, value)
        for question in questionnaire.questions
        if (value := flags[_variable(question)]) is not None
    }


def _interview(questionnaire: Questionnaire, given: dict[str, Any], *, ask: bool) -> Interview:
    from mldeploy.scaffold.interview import ENVIRONMENT, Interview, choose_environment

    environment = choose_environment(given.pop(ENVIRONMENT, None), ask=ask)
    interview = Interview(questionnaire=questionnaire, environment=environment, given=given, ask=ask)
    interview.run()
    return interview


def _write(name: str, compute_type: str, interview: Interview, target: Path) -> tuple[int, list[str]]:
    """Write the project; return the number of files and which of them replaced others."""
    from mldeploy.scaffold.files import project_files
    from mldeploy.scaffold.interview import ENVIRONMENT
    from mldeploy.scaffold.project import PRODUCTION, release_document, write_project

    questionnaire, environment = interview.questionnaire, interview.environment
    document = release_document(name, compute_type, environment, interview.answers, questionnaire.questions)
    recorded = {ENVIRONMENT: environment, "type": compute_type, **interview.answers}
    files = list(project_files(name, environment, document, questionnaire.schema, recorded))
    return len(files), write_project(files, target.absolute(), dict.fromkeys(("local", environment, PRODUCTION)))


def _report(target: Path, count: int, replaced: Sequence[str], branching: Branching) -> None:
    click.echo(f"wrote {count} files to {target}/")
    if replaced:
        click.echo(f"replaced: {', '.join(replaced)}")
    if branching.branch:
        click.echo(f"git branch {branching.branch}; {branching.note}")
    elif branching.note:
        click.echo(branching.note)


def _cost(interview: Interview) -> str:
    """Return a line about what the endpoint will cost, as far as a price is known."""
    answers = interview.answers
    region = str(answers.get("instance.region", ""))
    prices = {row.name: price for row, price in interview.questionnaire.rows(region)}
    price, number = prices.get(str(answers.get("instance.type"))), answers.get("instance.count", 1)
    if price is None or price.dollars is None:
        return "the environment local costs nothing; no price is known for the endpoint in AWS"
    mark = "about " if price.estimated else ""
    total = f"{mark}${price.dollars * number:,.0f} a month for {number} x {answers['instance.type']} in {region}"
    return f"the environment local costs nothing; in AWS: {total} (prices of {interview.questionnaire.price_date()})"


def _next_steps(target: Path, environment: str) -> str:
    cloud = "dev" if environment == "local" else environment
    return f"""
next:
  cd {target}
  mldeploy run               deploy it on this machine, no AWS account needed
  mldeploy plan --env {cloud:6} show what would change in AWS"""
