"""Verdicts for people, each as soon as it is known."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from mldeploy_contract.rules import BOOKS

if TYPE_CHECKING:
    from mldeploy_contract.examination import Examination
    from mldeploy_contract.rule import Verdict
    from mldeploy_contract.trial import Conditions

COLOURS = {"pass": "green", "fail": "red", "skip": "yellow"}
SUMS = (("fail", "broken"), ("pass", "kept"), ("skip", "not judged"))
MARGIN, INDENT = " " * 8, " " * 15
WIDEST, NARROWEST = 120, 60


class PlainReport:
    """A heading per subject and a line per rule; broken ones with what was seen, what to try and who says so."""

    def __init__(self, title: str, conditions: Conditions) -> None:
        self._subjects = {rule.id: book.title for book in BOOKS for rule in book.rules}
        self._subject = ""
        self._unjudged: dict[str, list[str]] = {}
        self._width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
        click.echo(f"{click.style(title, bold=True)}, as SageMaker runs it")
        if conditions.time_scale != 1:
            click.echo(f"times are multiplied by {conditions.time_scale:g}: a pass here is a rehearsal, not a proof")
        if not conditions.example.known:
            hint = "no example request is known: name a file with --body, or write one under verify.requests"
            click.echo(hint, err=True)

    def tell(self, verdict: Verdict) -> None:
        """Write one verdict; rules that could not be judged wait for the end."""
        rule, broken = verdict.rule, verdict.state == "fail"
        if verdict.state == "skip":
            self._unjudged.setdefault(verdict.evidence, []).append(rule.id)
            return
        subject = self._subjects[rule.id]
        if subject != self._subject:
            self._subject = subject
            click.echo(f"\n{click.style(subject, bold=True)}")
        state = click.style(verdict.state, fg=COLOURS[verdict.state], bold=broken)
        click.echo(f"  {state}  {rule.id}  {click.style(rule.title, bold=broken)}")
        self._say(verdict.evidence, dim=not broken)
        if broken:
            self._say(rule.fix, label="try: ")
            self._say(rule.source, label="see: ")

    def finish(self, examination: Examination) -> None:
        """Write what could not be judged and why, the start-up budget, and the sums."""
        if self._unjudged:
            click.echo(f"\n{click.style('Not judged', bold=True)}")
        for reason, rules in self._unjudged.items():
            listed = textwrap.fill(" ".join(rules), self._width - len(MARGIN)).replace("\n", f"\n{MARGIN}")
            click.echo(f"  {click.style('skip', fg=COLOURS['skip'])}  {listed}")
            self._say(reason, dim=True)
        click.echo()
        seconds, allowed = examination.start_up.healthy_seconds, examination.conditions.limits.startup
        if seconds is not None:
            share = f"{seconds / allowed:.1%} of the {allowed:g} s that it may take"
            click.echo(f"start-up: first 200 after {seconds:.2f} s, {share}")
        states = [verdict.state for verdict in examination.verdicts]
        parts = [
            click.style(f"{states.count(state)} {word}", fg=COLOURS[state], bold=state == "fail")
            for state, word in SUMS
            if state in states
        ]
        click.echo(f"rules: {', '.join(parts)}, in {examination.seconds:.1f} s")

    def _say(self, text: str, *, label: str = "", dim: bool = False) -> None:
        """Write a text below a rule, wrapped to the terminal; lines of the service's output stay as they are."""
        room = self._width - len(INDENT) - len(label)
        for line in text.splitlines():
            parts = textwrap.wrap(line, room, break_on_hyphens=False, break_long_words=False)
            parts = [line] if line.startswith("| ") else parts
            for number, part in enumerate(parts):
                shown = label if number == 0 else " " * len(label)
                click.echo(f"{INDENT}{click.style(shown, fg='cyan')}{click.style(part, dim=dim)}")
