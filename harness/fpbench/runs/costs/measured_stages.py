"""What is measured of the stages and searches of a run, before it becomes their cost."""

from dataclasses import dataclass, field

from fpbench.results.fields import DistractorKind
from fpbench.runs.costs.measured_parts import MeasuredIndex
from fpbench.runs.costs.stage_clock import Elapsed


@dataclass(slots=True)
class MeasuredStage:
    """What was measured of one stage.

    Args:
        rows: Fingerprints that it made.
        audio_s: Audio of them.
        encoder_s: Time in the fingerprinter.
        times: How often it was opened.
        found: Files of the cache that it read.
        added: Files that it added to the cache.
    """

    elapsed: Elapsed = field(default_factory=Elapsed)
    rows: int = 0
    audio_s: float = 0.0
    encoder_s: float = 0.0
    times: int = 0
    found: int = 0
    added: int = 0


@dataclass(slots=True)
class MeasuredSearch:
    """The searches with one index among one kind of distractors, of one fit or of several.

    Args:
        keys: Those of the evidence.
        total: Rows of the databases, for each fingerprint of a query that is searched alone.
        size: Distractors of the databases.
        trains: Whether it is trained, not another one whose contents it shares.
        earlier: Rows that indexes have searched which are no longer in ``measured``.
        length_s: Length of the queries; None for the longest of the run.
        segments: Fingerprints in a query.
    """

    index: str
    distractors: DistractorKind
    keys: list[str] = field(default_factory=list)
    total: int = 0
    size: int = 0
    trains: bool = True
    earlier: int = 0
    length_s: float | None = None
    segments: int = 1
    measured: list[MeasuredIndex] = field(default_factory=list)

    @property
    def of(self) -> str:
        return f"{self.index}, {self.distractors}{self.of_length}"

    @property
    def of_length(self) -> str:
        return length_suffix(self.length_s)

    @property
    def made(self) -> int:
        return self.earlier + sum(index.rows for index in self.measured)


def length_suffix(length_s: float | None) -> str:
    """End of the name of a stage for shorter queries."""
    return "" if length_s is None else f", {length_s:g} s"
