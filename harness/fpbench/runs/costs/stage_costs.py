"""The costs of stages: as measured now, or as noted when the cache was filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fpbench.cache import Store
from fpbench.results.costs import EncoderCost, StageCost, StageName, Unit
from fpbench.runs.costs.kept_costs import read_note, write_note
from fpbench.runs.costs.measured_stages import MeasuredStage
from fpbench.runs.costs.worker_costs import WorkersTotal

StageKey = tuple[StageName, str]
"""Name of a stage, and what it works on."""


@dataclass(frozen=True, slots=True)
class StageCosts:
    """What was measured of the stages of a run, and what each of them has cost.

    Args:
        store: Keeps notes of costs beside what the stages made.
        measured: What this process has measured; grows during the run.
        of_workers: What workers have taken, likewise.
    """

    store: Store
    measured: dict[StageKey, MeasuredStage] = field(default_factory=dict)
    of_workers: dict[StageKey, WorkersTotal] = field(default_factory=dict)

    def find(self, stage: StageName, of: str) -> MeasuredStage:
        """What was measured of a stage; nothing if it was not opened."""
        return self.measured.get((stage, of), MeasuredStage())

    def find_workers(self, stage: StageName, of: str) -> WorkersTotal:
        """What workers have taken for a stage; nothing if it was carried out here."""
        return self.of_workers.get((stage, of), WorkersTotal())

    def not_kept(self, stage: StageName) -> list[StageCost]:
        """Stages that are not kept in the cache, or have no measure of their work."""
        return [self.cost(stage, of, key={}) for name, of in self.measured if name == stage]

    def cost(
        self,
        stage: StageName,
        of: str,
        amount: int | float | None = None,
        total: int | float | None = None,
        *,
        key: Mapping[str, object],
    ) -> StageCost:
        """The cost of a stage: as measured now, or as noted when the cache was filled.

        Args:
            stage: Name of the stage.
            of: What it works on.
            amount: Work that was done; None if it has no measure.
            total: Work of the whole stage.
            key: Identifies what it made; empty if it is not kept.
        """
        cost = self._measured_cost(stage, of, amount, total)
        if not key:
            return cost
        key = {"stage": stage, "of": of, **key}
        if self._made_something(stage, of, amount):
            if amount is None or total is None or amount > 0.999 * total:
                write_note(self.store, key, cost)
            return cost
        noted = read_note(self.store, key, StageCost)
        unknown = replace(
            cost, wall_s=None, processor_s=None, peak_memory_bytes=None, amount=None, cached=True
        )
        return replace(noted, cached=True) if noted is not None else unknown

    def encoder(self, key: Mapping[str, object]) -> EncoderCost | None:
        """The speed of the fingerprinter, likewise; None if nobody has noted it."""
        # A sample that is compared with the cache is in no stage: it is too short to tell a speed.
        audio_s = sum(one.audio_s for one in self.measured.values())
        wall_s = sum(one.encoder_s for one in self.measured.values())
        if audio_s > 0 and wall_s > 0:
            cost = EncoderCost(audio_s=audio_s, wall_s=wall_s, cached=False)
            write_note(self.store, key, cost)
            return cost
        noted = read_note(self.store, key, EncoderCost)
        return None if noted is None else replace(noted, cached=True)

    def _measured_cost(
        self, stage: StageName, of: str, amount: int | float | None, total: int | float | None
    ) -> StageCost:
        elapsed, workers = self.find(stage, of).elapsed, self.find_workers(stage, of)
        return StageCost(
            stage=stage,
            of=of,
            # The stage is open while others fingerprint; a search of theirs is no stage here.
            wall_s=elapsed.wall_s + (0.0 if stage == "fingerprinting" else workers.mean_wall_s),
            processor_s=elapsed.processor_s + workers.processor_s,
            peak_memory_bytes=max(
                (p for p in (elapsed.peak_memory_bytes, workers.peak_memory_bytes) if p),
                default=None,
            ),
            amount=None if amount is None else round(float(amount), 3),
            total=None if total is None else round(float(total), 3),
            unit=_unit(stage, amount),
            cached=False,
            workers=len(workers.workers) or None,
        )

    def _made_something(self, stage: StageName, of: str, amount: int | float | None) -> bool:
        """Whether a stage worked in this run, rather than found its output in the cache."""
        if amount is not None:
            return amount > 0
        one = self.find(stage, of)
        if stage == "near copies":  # it looks into the cache itself
            return one.added > 0
        return one.times > 0 or bool(self.find_workers(stage, of).workers)


def _unit(stage: StageName, amount: int | float | None) -> Unit:
    if amount is None:
        return ""
    return "seconds of audio" if stage == "reading" else "fingerprints"
