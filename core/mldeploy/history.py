"""What the records of an environment say: which release is current, what to keep, what to go back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mldeploy.model import JSON, Step
from mldeploy.record import Record


@dataclass(frozen=True, slots=True)
class History:
    """The records of one environment, oldest first."""

    records: Sequence[Record]

    @property
    def latest(self) -> Record | None:
        """The newest record, whatever became of it."""
        return self.records[-1] if self.records else None

    @property
    def next_number(self) -> int:
        """The number of the next release."""
        return self.records[-1].number + 1 if self.records else 1

    def find(self, name: str) -> Record | None:
        """Return a release by its id such as `r3`, or the newest good one that was deployed from a commit.

        The record of a release may be gone while the one that restored it is there, which is as good.
        """
        good = [record for record in reversed(self.records) if record.outcome == "deployed"]
        if not name.startswith("r"):
            return next((record for record in good if record.was_deployed_from(name)), None)
        named = next((record for record in self.records if record.release_id == name), None)
        return named or next((record for record in good if f"r{record.content_number}" == name), None)

    def continued(self, steps: Sequence[Step]) -> Record | None:
        """Return the newest record if it wants exactly these steps: its run is repeated or resumed."""
        latest = self.latest
        return latest if latest is not None and list(latest.steps) == list(steps) else None

    def before_current(self) -> Record | None:
        """Return the newest good release that is not the current one, nor the one that the current one restored."""
        current = self.latest.content_number if self.latest else 0
        good = (record for record in reversed(self.records[:-1]) if record.outcome == "deployed")
        return next((record for record in good if record.content_number != current), None)

    def outdated(self, current: Record, keep: int) -> list[Record]:
        """Return the records to forget: all but the current one and the newest good ones, `keep` in all."""
        kept = {record.number for record in self._kept_before(current, keep)}
        return [record for record in self.records if record.number not in {*kept, current.number}]

    def unwanted(self, current: Record, keep: int) -> list[Step]:
        """Return the recorded steps that are neither desired nor needed to go back to a release that is kept.

        Only immutable steps are held back for rollback: stable names are shared by all releases.

        Arguments:
            current: the release that becomes the current one.
            keep: how many releases are kept, this one included.
        """
        spared = {step.id for step in current.steps}
        for record in self._kept_before(current, keep):
            spared |= {step.id for step in record.steps if step.immutable}
        return [step for step in self.steps() if step.id not in spared]

    def steps(self) -> list[Step]:
        """Return every recorded step once, dependencies first, in its newest form."""
        found: dict[str, Step] = {}
        for record in self.records:
            for step in record.steps:
                found.pop(step.id, None)
                found[step.id] = step
        return list(found.values())

    def outputs(self) -> dict[str, Mapping[str, JSON]]:
        """Return the last known outputs of every step."""
        return {step: outputs for record in self.records for step, outputs in record.outputs.items()}

    def summary(self) -> str:
        """Return the releases and their outcomes in one line."""
        return ", ".join(f"{record.release_id} ({record.outcome})" for record in self.records)

    def _kept_before(self, current: Record, keep: int) -> list[Record]:
        """Return the newest good record of each content but the current one: a rollback that is repeated adds none."""
        kept: dict[int, Record] = {}
        for record in reversed(self.records):
            if record.outcome == "deployed" and record.number < current.number:
                kept.setdefault(record.content_number, record)
        kept.pop(current.content_number, None)
        return list(kept.values())[: keep - 1]
