from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pluggy
import pytest

from mldeploy import hookimpl
from mldeploy.errors import MldeployError, PluginError
from mldeploy.limits import Chain
from mldeploy.model import Phase, Release, Step
from mldeploy.plugins import Plugins, load_plugins, sharing_loader
from tests.conftest import Install

HEAD = "from mldeploy import Phase, Problem, Step, hookimpl\n"


def hook(signature: str, body: str) -> str:
    return f"{HEAD}\n@hookimpl\ndef {signature}:\n    {body}\n"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(name="toy", env="dev", config={}, root=tmp_path, tags={}, chain=Chain(), positions={})


class TestLoading:
    def test_only_named_plugins_are_imported(self, install: Install, tmp_path: Path) -> None:
        install("wanted", hook("mldeploy_build(release)", "return []"), module="plugin_that_is_wanted")
        install("other", "raise RuntimeError('imported')", module="plugin_that_is_not")
        assert load_plugins(["wanted"], tmp_path).names == ["wanted"]
        assert "plugin_that_is_wanted" in sys.modules
        assert "plugin_that_is_not" not in sys.modules

    def test_a_hook_under_an_unknown_name_is_refused(self, install: Install, tmp_path: Path) -> None:
        install("misspelt", f"{HEAD}\n@hookimpl\ndef deploy_build(release):\n    return []\n", module="misspelt_hook")
        with pytest.raises(PluginError, match="deploy_build"):
            load_plugins(["misspelt"], tmp_path)

    @pytest.mark.parametrize("options", [{}, {"tryfirst": True}, {"trylast": True, "optionalhook": True}])
    def test_our_mark_is_that_of_pluggy(self, options: dict[str, bool]) -> None:
        def ours() -> None: ...
        def theirs() -> None: ...

        pluggy.HookimplMarker("mldeploy")(**options)(theirs)
        assert vars(hookimpl(**options)(ours)) == vars(theirs)

    def test_equal_sets_of_plugins_are_loaded_once(self, install: Install, tmp_path: Path) -> None:
        install("shared", hook("mldeploy_build(release)", "return []"))
        load = sharing_loader()
        (tmp_path / "b").mkdir()
        first = load(["shared"], tmp_path)
        assert load(iter(["shared"]), tmp_path / "b") is first
        assert load([], tmp_path) is not first
        (tmp_path / "b" / "mldeploy_plugin.py").touch()
        assert load(["shared"], tmp_path / "b").names == ["mldeploy_plugin.py", "shared"]

    def test_an_unknown_plugin_is_told_with_those_that_are_installed(self, tmp_path: Path) -> None:
        with pytest.raises(PluginError, match="'nothing' is not installed") as refused:
            load_plugins(["nothing"], tmp_path)
        assert "sagemaker" in refused.value.hint

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("import gone_module", ["cannot be imported", "gone_module"]),
            ("1 / 0", ["cannot be imported", "ZeroDivisionError"]),
            ("raise SystemExit(0)", ["cannot be imported", "SystemExit"]),
            (hook("mldeploy_biuld(release)", "return []"), ["does not fit", "mldeploy_biuld"]),
            (hook("mldeploy_build(relaese)", "return []"), ["does not fit", "relaese"]),
        ],
        ids=["missing import", "raises", "exits", "misspelt hook", "misspelt argument"],
    )
    def test_a_broken_plugin_is_named_with_the_reason(
        self, install: Install, tmp_path: Path, source: str, words: list[str]
    ) -> None:
        install("broken", source)
        with pytest.raises(PluginError) as refused:
            load_plugins(["broken"], tmp_path)
        assert all(word in refused.value.message for word in ["'broken'", *words]), refused.value.message

    def test_a_plugin_brings_those_that_it_requires(self, install: Install, tmp_path: Path) -> None:
        install("base", HEAD)
        install("top", f"{HEAD}MLDEPLOY_REQUIRES = ('base',)\n")
        assert set(load_plugins(["top"], tmp_path).names) == {"base", "top"}

    def test_third_parties_can_be_switched_off_and_our_own_stay(
        self, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("foreign", HEAD)
        monkeypatch.setenv("MLDEPLOY_DISABLE_PLUGINS", "1")
        assert load_plugins(["verify"], tmp_path).names == ["verify"]
        with pytest.raises(PluginError, match=r"'foreign' .* is switched off by MLDEPLOY_DISABLE_PLUGINS"):
            load_plugins(["foreign"], tmp_path)

    def test_a_file_beside_release_yaml_is_a_plugin(self, tmp_path: Path, release: Release) -> None:
        source = hook("mldeploy_build(release)", "yield Step(kind='A::B', name=Settings().name, phase=Phase.BUILD)")
        dataclass = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        settings = "@dataclass\nclass Settings:\n    name: str = 'inline'\n"
        (tmp_path / "mldeploy_plugin.py").write_text(dataclass + source + settings)
        assert [step.name for step in load_plugins([], tmp_path).describe(release)] == ["inline"]


class TestHooks:
    def test_steps_come_phase_by_phase_in_the_order_of_the_plugins(
        self, install: Install, tmp_path: Path, release: Release
    ) -> None:
        step = "yield Step(kind='A::B', name={0!r}, phase=Phase.BUILD)"
        both = "@hookimpl\ndef mldeploy_expose(release):\n    " + step.format("late")
        install("first", hook("mldeploy_build(release)", step.format("first")) + both)
        install("second", hook("mldeploy_build(release)", step.format("second")))
        found = load_plugins(["first", "second"], tmp_path).describe(release)
        assert [item.name for item in found] == ["first", "second", "late"]

    def test_two_drivers_of_one_kind_are_refused(self, install: Install, tmp_path: Path) -> None:
        for word in ("one", "two"):
            install(word, hook("mldeploy_drivers(context)", "return {'A::B': Driver()}") + "class Driver: ...\n")
        with pytest.raises(PluginError, match=r"two plugins drive A::B: \w+_(one|two) and \w+_(one|two)"):
            load_plugins(["one", "two"], tmp_path).drivers(Any)

    def test_two_owners_of_a_key_are_refused(self, install: Install, tmp_path: Path) -> None:
        for word, kind in (("one", "string"), ("two", "integer")):
            schema = f"return {{'type': 'object', 'properties': {{'colour': {{'type': '{kind}'}}}}}}"
            install(word, hook("mldeploy_schema()", schema))
        with pytest.raises(PluginError, match="'one' and 'two' both own 'colour'"):
            load_plugins(["one", "two"], tmp_path).schema()

    @pytest.mark.req("E24")
    @pytest.mark.parametrize("crash", ["1 / 0", "raise SystemExit(0)", "return 5", "return ['text']"])
    def test_what_a_hook_does_wrong_is_blamed_on_its_plugin(
        self, install: Install, tmp_path: Path, release: Release, crash: str
    ) -> None:
        install("hostile", hook("mldeploy_build(release)", crash))
        install("innocent", hook("mldeploy_build(release)", "return []"))
        with pytest.raises(PluginError, match="'hostile'"):
            load_plugins(["innocent", "hostile"], tmp_path).describe(release)

    def test_what_takes_reading_files_is_found_for_plans_only(
        self, install: Install, tmp_path: Path, release: Release
    ) -> None:
        later = "from mldeploy.model import Later\n"
        file = tmp_path / "file"
        spec = f"{{'Files': [Later(lambda: open({str(file)!r}).read())]}}"
        step = f"yield Step(kind='A::B', name='x', phase=Phase.BUILD, spec={spec})"
        install("reader", later + hook("mldeploy_build(release)", step))
        plugins = load_plugins(["reader"], tmp_path)
        assert [step.name for step in plugins.describe(release, complete=False)] == ["x"]
        with pytest.raises(PluginError, match="'reader' failed: FileNotFoundError"):
            plugins.describe(release)
        file.write_text("here")
        assert [step.spec for step in plugins.describe(release)] == [{"Files": ["here"]}]

    def test_an_expected_error_of_a_hook_stays_what_it_is(
        self, install: Install, tmp_path: Path, release: Release
    ) -> None:
        install(
            "careful", hook("mldeploy_build(release)", "raise VerifyError('no')") + "from mldeploy import VerifyError"
        )
        with pytest.raises(MldeployError, match=r"^no$"):
            load_plugins(["careful"], tmp_path).describe(release)

    def test_the_first_provider_that_answers_wins(self, install: Install, tmp_path: Path) -> None:
        install("deaf", hook("mldeploy_provider(kind)", "return None"))
        install("loud", hook("mldeploy_provider(kind)", "return f'a {kind}'"))
        assert load_plugins(["deaf", "loud"], tmp_path).provider("moon", Any) == "a moon"
        assert load_plugins(["deaf"], tmp_path).provider("moon", Any) is None

    def test_a_world_loads_the_plugin_that_is_named_like_it(self, install: Install, tmp_path: Path) -> None:
        install("moon", hook("mldeploy_provider(kind)", "return 'the moon' if kind == 'moon' else None"))
        assert load_plugins([], tmp_path).provider("moon", Any) == "the moon"


def test_an_observer_is_a_wrapper_and_needs_no_hook_of_its_own(
    install: Install, tmp_path: Path, release: Release
) -> None:
    observer = (
        f"{HEAD}seen = []\n@hookimpl(wrapper=True)\ndef mldeploy_build(release):\n"
        "    found = yield\n    seen.append(len(found))\n    return found\n"
    )
    install("observer", observer, module="observing_plugin")
    install("builder", hook("mldeploy_build(release)", "return [Step(kind='A::B', name='x', phase=Phase.BUILD)]"))
    plugins = load_plugins(["observer", "builder"], tmp_path)
    assert plugins.describe(release) == [Step(kind="A::B", name="x", phase=Phase.BUILD)]
    assert sys.modules["observing_plugin"].seen == [1]


def test_no_plugins_means_no_steps(release: Release) -> None:
    assert Plugins().describe(release) == []
