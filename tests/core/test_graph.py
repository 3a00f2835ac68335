from __future__ import annotations

import pytest

from mldeploy.errors import PluginError
from mldeploy.graph import dependencies, settle
from mldeploy.model import Ref, Step
from tests.core.toy import names_of, thing


def spec_of(steps: tuple[Step, ...], name: str) -> dict[str, object]:
    return dict(next(step.spec for step in steps if step.name.startswith(name)))


def test_dependencies_come_first_whoever_describes_them_last() -> None:
    base = thing("base")
    assert names_of(settle([thing("user", base), base])) == ["base", "user"]


def test_a_role_leads_to_the_step_that_fills_it() -> None:
    image = thing("image", provides="image")
    settled = settle([thing("model", "@image"), image])
    assert spec_of(settled, "model") == {"need0": image.ref("Id")}


def test_an_immutable_name_changes_with_the_spec_and_with_what_it_refers_to() -> None:
    def names(size: int) -> list[str]:
        model = thing("model", spec={"size": size}, immutable=True)
        return names_of(settle([model, thing("config", model, immutable=True), thing("endpoint")]))

    first, same, other = names(1), names(1), names(2)
    assert first == same
    changed = {new.partition("-")[0] for old, new in zip(sorted(first), sorted(other), strict=True) if old != new}
    assert changed == {"model", "config"}


def test_settings_do_not_change_an_immutable_name() -> None:
    quick, slow = (names_of(settle([thing("m", immutable=True, settings={"wait": s})])) for s in (1, 2))
    assert quick == slow


def test_a_ref_to_a_name_is_known_before_anything_has_run() -> None:
    model = thing("model", immutable=True)
    settled = settle([model, Step(kind="Toy::Thing", name="user", phase=model.phase, spec={"m": model.ref(Ref.NAME)})])
    assert spec_of(settled, "user")["m"].step.endswith(settled[0].name)


def test_refs_deep_in_lists_count() -> None:
    base = thing("base")
    user = Step(kind="Toy::Thing", name="user", phase=base.phase, spec={"a": [{"b": [base.ref("Id")]}]})
    assert dependencies(settle([user, base]))[user.id] == {base.id}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([thing("a"), thing("a")], ["two plugins describe", "Toy::Thing/a"]),
        ([thing("a", provides="api"), thing("b", provides="api")], ["Toy::Thing/a", "Toy::Thing/b", "'api'"]),
        ([thing("a", "@image")], ["Toy::Thing/a", "@image", "no plugin describes"]),
        ([thing("a", "Toy::Thing/gone")], ["Toy::Thing/gone"]),
        ([thing("a", thing("b")), thing("b", thing("a"))], ["circle", "Toy::Thing/a", "Toy::Thing/b"]),
    ],
    ids=["same id", "same role", "unknown role", "unknown step", "circle"],
)
def test_what_does_not_fit_together_is_refused_by_name(steps: list[Step], words: list[str]) -> None:
    with pytest.raises(PluginError) as refused:
        settle(steps)
    assert all(word in refused.value.message for word in words), refused.value.message
