"""Inputs, file contents and log lines that try to become commands, outputs or shell code."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from mldeploy.errors import UsageError
from mldeploy.testing import Project
from mldeploy_ci.github.inputs import PREFIX, read_inputs
from mldeploy_ci.github.job import LARGEST_SUMMARY, Job
from tests.ci.action.conftest import TOY, MakeRunner
from tests.ci.action.log_commands import LogReader, file_outputs
from tests.ci.action.runner import Runner

TEXTS = (
    "$(touch pwned)",
    "`touch pwned`",
    '"; touch pwned; echo "',
    "dev\n::set-output name=url::https://evil.example",
    "##[set-output name=url;]https://evil.example",
    "::stop-commands::x",
    "a\rb",
    "--help",
    "ü✓ 'quoted' %0A",
)
REACHING = ("env", "file", "plan-path")
"""Inputs whose texts reach the command line as they are; the others are one of a few words, numbers or folders."""


@pytest.mark.req("D9")
@pytest.mark.parametrize(("text", "name"), list(zip(TEXTS, cycle(REACHING), strict=False)))
def test_no_input_is_run_obeyed_or_believed(runner: Runner, action: Path, toy: Project, name: str, text: str) -> None:
    inputs = {"env": "local", "mode": "plan", name: text}
    ran = runner.use(action, **inputs)
    assert not list(runner.workspace.parent.rglob("pwned"))
    assert ran.log.outputs == {}
    assert ran.outputs["url"] == ""
    assert not (toy.folder / "world").exists()
    assert "Traceback" not in ran.text
    if not ran.succeeded:
        assert ran.exit_code in {2, 3, 4}
        assert ran.log.shown_annotations("error")


def test_what_a_step_of_the_deployment_prints_is_no_command(runner: Runner, action: Path, toy: Project) -> None:
    plugin = toy.folder / "mldeploy_plugin.py"
    said = r'self.context.progress(step.id, "x ##[set-output name=url;]evil\n  ::error::evil\n::add-mask::a")'
    marked = "        self.folder.mkdir(exist_ok=True)"
    plugin.write_text(plugin.read_text().replace(marked, f"        {said}\n{marked}"))
    ran = runner.use(action, mode="run", env="local").ok()
    assert "::error::evil" in ran.text
    assert ran.log.outputs == {}
    assert ran.log.masks == [runner.token]
    assert ran.log.annotations == []
    assert ran.outputs["url"] == "toy:api"


def test_names_from_release_yaml_stay_inside_their_code_in_markdown(runner: Runner, action: Path, toy: Project) -> None:
    toy.write("release.yaml", TOY + "toy: {things: ['a`b|c @someone #1 <b>']}\n")
    planned = runner.use(action, env="local").ok()
    assert "| + create | ``Toy::File/a`b\\|c @someone #1 <b>`` | provision |  |" in planned.outputs["plan-markdown"]


def test_the_token_is_hidden_and_reaches_no_process_of_the_deployment(
    make_runner: MakeRunner, action: Path, toy: Project
) -> None:
    runner = make_runner(token="very-secret-token")
    plugin = toy.folder / "mldeploy_plugin.py"
    plugin.write_text(plugin.read_text() + "\nimport os\nprint(dict(os.environ))\n")
    ran = runner.use(action, env="local").ok()
    assert "GITHUB_SHA" in ran.text
    assert "very-secret-token" not in ran.text
    assert "MLDEPLOY_INPUT_" not in ran.text


@pytest.mark.parametrize("name", ["mode", "phase", "comment", "pull-request", "working-directory", "sandbox"])
@pytest.mark.parametrize("text", TEXTS)
def test_inputs_of_a_few_words_take_no_others(name: str, text: str) -> None:
    variables = {f"{PREFIX}ENV": "local", f"{PREFIX}{name.replace('-', '_').upper()}": text}
    with pytest.raises(UsageError, match=name):
        read_inputs(variables)


def test_modules_of_the_project_do_not_stand_in_for_ours(runner: Runner, action: Path, toy: Project) -> None:
    for module in ("click", "yaml", "mldeploy"):
        toy.write(f"{module}.py", "raise SystemExit('the project took over')\n")
    runner.use(action, env="local").ok()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"comment": "True"}, "comment: 'True' is not one of true, false"),
        ({"comment": "yes"}, "is not one of true, false"),
        ({"sandbox": "1"}, "sandbox: '1' is not one of true, false"),
        ({"mode": "apply"}, "did you mean 'apply-plan'?"),
        ({"mode": "apply-plan"}, "needs the input 'plan-path'"),
        ({"phase": "deploy"}, "phase: 'deploy' is not one of build, provision, expose, verify"),
        ({"phase": "build"}, "do not go with the mode plan"),
        ({"pull_request": "seven"}, "'seven' is not a number"),
        ({"working_directory": "nowhere"}, "there is no folder 'nowhere'"),
        ({"env": ""}, "the input 'env' is missing"),
    ],
)
def test_a_wrong_input_is_named_with_what_to_write(inputs: dict[str, str], said: str) -> None:
    variables = {f"{PREFIX}{name.upper()}": value for name, value in {"env": "local", **inputs}.items()}
    with pytest.raises(UsageError) as refused:
        read_inputs(variables)
    assert said in f"{refused.value.message}; {refused.value.hint}"


def test_a_wrong_input_is_an_annotation(runner: Runner, action: Path, toy: Project) -> None:
    ran = runner.use(action, env="local", mode="apply-plan", plan_path="none.json")
    assert ran.exit_code == 2
    (error,) = ran.log.shown_annotations("error")
    assert "none.json cannot be read: No such file" in error.message


def job(folder: Path) -> Job:
    output, summary = folder / "output", folder / "summary"
    output.touch()
    return Job.of({"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(folder)})


@pytest.mark.parametrize("text", [*TEXTS, "", "a=b", "x<<END\nEND\ny=1", "\n\n"])
def test_outputs_come_out_as_they_went_in(tmp_path: Path, text: str) -> None:
    job(tmp_path).set_outputs({"first": text, "second": "fine"})
    assert file_outputs((tmp_path / "output").read_bytes().decode()) == {"first": text, "second": "fine"}


def test_a_summary_is_cut_between_paragraphs_before_it_is_too_long(tmp_path: Path) -> None:
    for _ in range(5):
        job(tmp_path).add_summary("\n\n".join(["ü" * 100] * 2000))
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    assert LARGEST_SUMMARY * 0.9 < len(summary.encode()) <= LARGEST_SUMMARY
    assert summary.rstrip().endswith("the log has the rest")
    assert {len(line) for line in summary.split("\n\n")[:-2]} == {100}


def test_the_reader_of_logs_is_as_credulous_as_the_runner() -> None:
    reader = LogReader()
    for line in (
        "  ::error file=a%2Cb,line=3::x%0Ay",
        "text ##[set-output name=n;]v",
        "::stop-commands::t",
        "::error::no",
    ):
        reader.read(line)
    assert [(found.message, found.properties) for found in reader.annotations] == [
        ("x\ny", {"file": "a,b", "line": "3"})
    ]
    assert reader.outputs == {"n": "v"}
