"""Plan files: what was reviewed is applied, or nothing is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import RefusedError, UsageError, VerifyError
from mldeploy.model import Phase, Step
from mldeploy.planning.plan_file import plan_document, read_plan_file, write_plan_file
from mldeploy.planning.plan_markdown import plan_markdown
from mldeploy.planning.plan_review import only_digest, only_reviewed
from mldeploy.testing import Project
from tests.core.toy import THING, Toy, check, fails_at, thing


def planned(toy: Toy, *steps: Step) -> dict[str, Any]:
    deployment = toy.deployment(*steps)
    return plan_document(deployment.plan(), deployment)


def apply(toy: Toy, reviewed: dict[str, Any], *steps: Step, **options: Any) -> None:
    deployment = toy.deployment(*steps)
    deployment.run(confirm=only_reviewed(deployment, reviewed), **options)


class TestFile:
    def test_it_comes_back_as_it_was_written(self, toy: Toy, tmp_path: Path) -> None:
        document = planned(toy, thing("a", spec={"text": "ü ✓"}))
        write_plan_file(tmp_path / "plan.json", document)
        assert read_plan_file(tmp_path / "plan.json", document["digest"]) == document

    def test_it_names_what_it_would_do_and_how_to_know_it(self, toy: Toy) -> None:
        document = planned(toy, thing("a", thing("b")), thing("b"))
        assert (document["format"], document["name"], document["env"]) == (1, "toy", "test")
        assert [change["step"] for change in document["changes"]] == [f"{THING}/b", f"{THING}/a"]
        assert document["digest"].startswith("sha256:")
        assert document["release"].startswith("sha256:")
        assert document["created"] > "2024"

    def test_the_digest_is_that_of_the_plan_and_not_of_the_moment(self, toy: Toy, tmp_path: Path) -> None:
        first, again = planned(toy, thing("a")), planned(Toy(tmp_path / "elsewhere"), thing("a"))
        assert first["digest"] == again["digest"]
        toy.world.things[f"{THING}/a"] = {"id": "x", "spec": {"size": 2}}
        drifted = planned(toy, thing("a", spec={"size": 1}))
        toy.world.things[f"{THING}/a"]["spec"]["size"] = 3
        assert planned(toy, thing("a", spec={"size": 1}))["digest"] != drifted["digest"]
        assert planned(toy, thing("a", settings={"WaitSeconds": 2}))["digest"] != planned(toy, thing("a"))["digest"]

    @pytest.mark.parametrize(
        "content",
        ["", "{}", "[]", "null", "{", '{"format": 1, "digest": "x"}', "\x00", "[" * 100_000, '"' + "x" * 100 + '"'],
    )
    def test_another_file_is_not_taken_for_a_plan(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "plan.json"
        path.write_text(content)
        with pytest.raises(UsageError, match="is not a plan file") as refused:
            read_plan_file(path)
        assert "mldeploy plan --out" in refused.value.hint

    @pytest.mark.parametrize(("name", "said"), [("none.json", "No such file"), (".", "Is a directory")])
    def test_a_file_that_cannot_be_read_says_why(self, tmp_path: Path, name: str, said: str) -> None:
        with pytest.raises(UsageError, match=said):
            read_plan_file(tmp_path / name)

    def test_a_file_of_a_newer_version_is_refused(self, toy: Toy, tmp_path: Path) -> None:
        write_plan_file(tmp_path / "plan.json", planned(toy, thing("a")) | {"format": 2})
        with pytest.raises(UsageError, match="has plan format 2"):
            read_plan_file(tmp_path / "plan.json")

    def test_an_edited_file_is_refused(self, toy: Toy, tmp_path: Path) -> None:
        document = planned(toy, thing("a", spec={"size": 1}))
        document["steps"][0]["spec"]["size"] = 2
        write_plan_file(tmp_path / "plan.json", document)
        with pytest.raises(RefusedError, match="was changed after it was written"):
            read_plan_file(tmp_path / "plan.json")

    def test_another_file_than_the_reviewed_one_is_refused(self, toy: Toy, tmp_path: Path) -> None:
        write_plan_file(tmp_path / "plan.json", planned(toy, thing("a")))
        with pytest.raises(RefusedError, match="is not the reviewed plan"):
            read_plan_file(tmp_path / "plan.json", "sha256:0")

    def test_a_folder_that_is_not_there_is_named(self, toy: Toy, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"cannot be written to .*nowhere"):
            write_plan_file(tmp_path / "nowhere" / "plan.json", planned(toy, thing("a")))


@pytest.mark.req("8.12")
class TestReview:
    def test_the_reviewed_plan_is_applied(self, toy: Toy) -> None:
        apply(toy, planned(toy, thing("a"), thing("b")), thing("a"), thing("b"))
        assert toy.names == {"a", "b"}

    def test_other_steps_are_not_and_every_difference_is_named(self, toy: Toy) -> None:
        toy.run(thing("gone"), thing("same"))
        reviewed = planned(toy, thing("same"), thing("a", spec={"size": 1}), thing("b"))
        toy.world.forget_calls()
        with pytest.raises(RefusedError, match="not what was reviewed; nothing was changed") as refused:
            apply(toy, reviewed, thing("same"), thing("a", spec={"size": 2}), thing("c"), thing("gone"))
        assert not toy.world.changes
        assert refused.value.details == (
            f"{THING}/b: no longer described",
            f"{THING}/c: was not described",
            f"{THING}/gone: was not described",
            f"{THING}/a: described differently",
            f"{THING}/b: reviewed create, now keep",
            f"{THING}/gone: reviewed delete (no longer wanted), now keep",
            f"{THING}/c: reviewed keep, now create",
        )
        assert "mldeploy plan --env test --out FILE" in refused.value.hint

    def test_drift_since_the_review_is_a_difference(self, toy: Toy) -> None:
        toy.run(thing("a", spec={"size": 1}))
        reviewed = planned(toy, thing("a", spec={"size": 2}))
        toy.world.things[f"{THING}/a"]["spec"]["size"] = 7
        with pytest.raises(RefusedError) as refused:
            apply(toy, reviewed, thing("a", spec={"size": 2}))
        assert refused.value.details == (f"{THING}/a: reviewed update (size: 1 → 2), now update (size: 7 → 2)",)

    def test_a_plan_is_not_applied_where_somebody_else_has_done_part_of_it(self, toy: Toy) -> None:
        reviewed = planned(toy, thing("a"), thing("b"))
        toy.world.things[f"{THING}/a"] = {"id": "x", "spec": {}}
        with pytest.raises(RefusedError, match="not what was reviewed"):
            apply(toy, reviewed, thing("a"), thing("b"))

    def test_a_run_that_failed_in_the_middle_is_finished_with_the_same_plan(self, toy: Toy) -> None:
        base = thing("base")
        steps = (base, thing("user", base))
        reviewed = planned(toy, *steps)
        toy.world.hook = fails_at(f"create {THING}/user", ValueError("no capacity"))
        with pytest.raises(Exception, match="no capacity"):
            apply(toy, reviewed, *steps)
        toy.world.hook = lambda _call: None
        apply(toy, reviewed, *steps)
        assert toy.names == {"base", "user"}

    def test_phases_in_runs_of_their_own_are_one_reviewed_plan(self, toy: Toy) -> None:
        image = thing("image", phase=Phase.BUILD)
        toy.run(thing("api", phase=Phase.EXPOSE))
        steps = (image, thing("api", image, phase=Phase.EXPOSE), check("c", image))
        reviewed = planned(toy, *steps)
        for phase in Phase:
            apply(toy, reviewed, *steps, phases=[phase])
        assert toy.store.records()[-1].outcome == "deployed"

    def test_what_has_been_applied_may_be_verified_again(self, toy: Toy) -> None:
        steps = (thing("a"), check("c", thing("a")))
        reviewed = planned(toy, *steps)
        apply(toy, reviewed, *steps)
        toy.world.forget_calls()
        apply(toy, reviewed, *steps)
        assert not toy.world.changes

    def test_what_was_rolled_back_is_not_what_is_left(self, toy: Toy) -> None:
        toy.run(thing("a", spec={"size": 1}))
        steps = (thing("a", spec={"size": 2}), check("c", thing("a")))
        reviewed = planned(toy, *steps)
        calls = iter([VerifyError("wrong")])

        def fail_once(call: str) -> None:
            if call == "check Toy::Check/c":
                for error in calls:
                    raise error

        toy.world.hook = fail_once
        with pytest.raises(VerifyError, match="r1 is serving again"):
            apply(toy, reviewed, *steps)
        toy.world.things[f"{THING}/a"]["spec"]["size"] = 5
        with pytest.raises(RefusedError, match="not what was reviewed"):
            apply(toy, reviewed, *steps)

    def test_a_digest_alone_holds_a_run_to_its_plan(self, toy: Toy) -> None:
        digest = planned(toy, thing("a"))["digest"]
        other = toy.deployment(thing("b"))
        with pytest.raises(RefusedError, match=f"not {digest}; nothing was changed"):
            other.run(confirm=only_digest(other, digest))
        same = toy.deployment(thing("a"))
        same.run(confirm=only_digest(same, digest))
        assert toy.names == {"a"}


class TestCommands:
    @pytest.fixture
    def toy(self, project: Project) -> Project:
        shutil.copy(Path(__file__).with_name("toy_plugin.py"), project.folder / "mldeploy_plugin.py")
        self.release(project, "[a]")
        return project

    def release(self, project: Project, things: str) -> None:
        head = "name: toy\ntype: toy\nexpose: {gateway: toy, auth: {apiKey: false, jwt: false}}\n"
        project.write("release.yaml", f"{head}toy: {{things: {things}}}\n")

    def test_plan_then_run_in_another_environment_needs_no_yes_and_writes_its_result(self, toy: Project) -> None:
        written = toy.run("plan", "--env", "dev", "--out", "plan.json", "--json").ok()
        assert written.stderr.startswith("wrote plan.json, sha256:")
        assert json.loads((toy.folder / "plan.json").read_text()) | {"created": ""} == written.json | {"created": ""}
        toy.run("run", "--env", "dev", "--plan", "plan.json", "--out", "result.json").ok()
        result = json.loads((toy.folder / "result.json").read_text())
        assert (result["release"], result["url"], result["outcome"]) == ("r1", "toy:api", "deployed")

    def test_a_changed_release_yaml_is_4_and_nothing_is_done(self, toy: Project) -> None:
        digest = toy.run("plan", "--out", "plan.json", "--json").ok().json["digest"]
        self.release(toy, "[a, b]")
        refused = toy.run("run", "--plan", "plan.json")
        assert refused.exit_code == 4
        assert "  | release.yaml has other values\n" in refused.stderr
        assert "  | Toy::File/b: was not described\n" in refused.stderr
        assert not (toy.folder / "world").exists()
        assert toy.run("run", "--expect-digest", digest).exit_code == 4
        self.release(toy, "[a]")
        toy.run("run", "--expect-digest", digest).ok()

    def test_a_plan_for_another_environment_is_4(self, toy: Project) -> None:
        toy.run("plan", "--env", "dev", "--out", "plan.json").ok()
        refused = toy.run("run", "--env", "qa", "--plan", "plan.json")
        assert refused.exit_code == 4
        assert "env: dev was reviewed, now qa" in refused.stderr


class TestMarkdown:
    def document(self, toy: Toy, number: int = 3) -> dict[str, Any]:
        toy.run(thing("same"), thing("old`er"))
        return planned(toy, thing("same"), *(thing(f"a|{i}") for i in range(number)))

    def test_it_is_a_table_of_changes_with_the_kept_ones_folded(self, toy: Toy) -> None:
        text = plan_markdown(self.document(toy), kept=True)
        assert text.startswith("### mldeploy: `toy` in `test`\n\n3 to create, 0 to update, 1 to keep, 1 to delete")
        assert "| + create | `Toy::Thing/a\\|0` | provision |  |" in text
        assert "| - delete | ``Toy::Thing/old`er`` | provision | `no longer wanted` |" in text
        assert "<details><summary>1 kept</summary>\n\n```text\nToy::Thing/same\n```\n\n</details>" in text

    def test_a_fence_is_longer_than_any_inside(self, toy: Toy) -> None:
        toy.run(thing("x\n````\ny"))
        text = plan_markdown(planned(toy, thing("x\n````\ny")), kept=True)
        assert "`````text\nToy::Thing/x\n````\ny\n`````" in text

    @pytest.mark.parametrize("limit", [600, 2_000, 20_000])
    def test_it_is_cut_between_rows_and_says_so(self, toy: Toy, limit: int) -> None:
        document = self.document(toy, 1000)
        text = plan_markdown(document, kept=True, limit=limit)
        shown = sum(line.startswith(("| + ", "| - ")) for line in text.splitlines())
        assert len(text.encode()) <= limit
        assert f"… and {1001 - shown} more changes; the plan file has them all" in text
        assert text.endswith(f"Plan `{document['digest']}`")

    def test_nothing_to_do_is_said(self, toy: Toy) -> None:
        toy.run(thing("a"))
        assert "**No changes.**" in plan_markdown(planned(toy, thing("a")))
