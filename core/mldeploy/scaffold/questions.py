"""What `init` asks: the keys that schemas mark with `x-prompt`, with defaults, choices, prices and exceptions."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.context import Context
from mldeploy.doors import HOURS_PER_MONTH, PricedType
from mldeploy.errors import UsageError
from mldeploy.fast_validation import UnsupportedKeywordError, fits
from mldeploy.plugin_names import missing_plugins, plugin_names
from mldeploy.plugins import Plugins, installed, load_plugins
from mldeploy.schema import resolved

if TYPE_CHECKING:
    from mldeploy.errors import Problem
    from mldeploy.model import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One key of release.yaml that `init` asks for.

    `key` is dotted, such as `instance.type`; `kind` is the schema's type; `by_environment` holds the defaults that
    differ from `default` in some environments. `environments` are those that the answer is for; empty: all of them.
    """

    key: str
    text: str
    kind: str
    choices: tuple[str, ...]
    default: JSON
    by_environment: Mapping[str, JSON]
    required: bool
    environments: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The option of `init`: `instance.volumeSizeInGB` is `--instance-volume-size-in-gb`."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.key.replace(".", "-"))
        return f"--{words.removesuffix('-enabled').lower()}"

    def default_for(self, env: str) -> JSON:
        """Return the default in one environment, or None; what is only for some environments has none."""
        return None if self.environments else self.by_environment.get(env, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one instance costs in a month of 730 hours, in US dollars; None where nobody published it."""

    dollars: float | None
    estimated: bool

    def __str__(self) -> str:
        return "unknown" if self.dollars is None else f"{'~' if self.estimated else ''}${self.dollars:,.0f}"


class Questionnaire:
    """The questions for one compute type, and what its plugin knows about the answers.

    Raises:
        UsageError: no plugin of that name is installed.
    """

    def __init__(self, compute_type: str) -> None:
        document = {"type": compute_type}
        names = [name for env in ("local", "prod") for name in plugin_names(document, env, installed())]
        for problem in missing_plugins(document, "local", installed()):
            raise UsageError(problem.message, hint=problem.hint)
        self._type = compute_type
        self._plugins: Plugins = load_plugins([compute_type, *names], Path())
        self.schema = self._plugins.schema()
        found = _prompts(self.schema, self.schema, (), required=True)
        # Prices depend on the region, so where comes before what; otherwise the order is that of the schemas.
        self.questions: tuple[Question, ...] = tuple(sorted(found, key=lambda question: ".region" not in question.key))

    def problems(self, key: str, value: JSON) -> list[Problem]:
        """Return what is wrong with an answer; empty when it is fine."""
        return partial_problems(nested({key: value}), self.schema)

    def inapplicable(self, answers: Mapping[str, JSON]) -> Mapping[str, str]:
        """Return the keys that make no sense with the answers so far, each with the reason.

        A compute plugin says so with a function of this name in its module `instance_types`; most need none.
        """
        entry_point = installed()[self._type]
        with suppress(ModuleNotFoundError):
            rules = importlib.import_module(f"{entry_point.value}.instance_types")
            found: Mapping[str, str] = rules.inapplicable(answers)
            return found
        return {}

    def rows(self, region: str) -> Sequence[tuple[PricedType, Price]]:
        """Return the types that the plugin's price list knows, with their prices in a region."""
        prices = self._plugins.provider("prices", _context(self._type))
        if prices is None:
            return ()
        return [(row, _monthly(row)) for row in prices.instance_types(region)]

    def price_date(self) -> str:
        """Return the day of the price snapshot, or an empty text."""
        prices = self._plugins.provider("prices", _context(self._type))
        return prices.date if prices is not None else ""


def partial_problems(value: Mapping[str, JSON], schema: Mapping[str, JSON]) -> list[Problem]:
    """Return what is wrong with some keys of a release; keys that are not there are not missed."""
    partial = {**schema, "required": []}
    with suppress(UnsupportedKeywordError):
        if fits(value, partial, partial):
            return []
    from mldeploy.schema_problems import find_problems  # noqa: PLC0415 - jsonschema, only to explain a refusal

    return find_problems(value, partial, {})


def nested(answers: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return dotted keys as nested mappings."""
    tree: dict[str, JSON] = {}
    for key, value in answers.items():
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return tree


def dotted_answers(tree: Mapping[str, JSON], prefix: str = "") -> dict[str, JSON]:
    """Return nested mappings as dotted keys; the opposite of `nested`."""
    found: dict[str, JSON] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= dotted_answers(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _prompts(
    schema: Mapping[str, JSON], root: Mapping[str, JSON], path: tuple[str, ...], *, required: bool
) -> list[Question]:
    found = []
    for key, raw in schema.get("properties", {}).items():
        inner = resolved(raw, root)
        needed = required and key in schema.get("required", ())
        if "x-prompt" in inner:
            found.append(
                Question(
                    key=".".join((*path, key)),
                    text=inner["x-prompt"],
                    kind=inner.get("type", "string"),
                    choices=tuple(inner.get("enum", ())),
                    default=inner.get("default"),
                    by_environment=inner.get("x-environments", {}),
                    required=needed,
                    environments=tuple(inner.get("x-prompt-environments", ())),
                )
            )
        if key != "environments":
            found += _prompts(inner, root, (*path, key), required=needed)
    return found


def _monthly(row: PricedType) -> Price:
    hourly = row.dollars_per_hour
    dollars = None if hourly is None else hourly * HOURS_PER_MONTH
    return Price(dollars=dollars, estimated=row.estimated)


def _context(name: str) -> Context:
    """Return a context for asking a plugin before there is a release."""
    return Context(
        name=name,
        env="local",
        root=Path(),
        config={},
        tags={},
        find_provider=lambda _kind, _context: None,
        emit=lambda _event: None,
    )
