"""The leaderboard as data: what every form of it shows.

Results of one task, or of the same audio and queries, make a section. In a section there is one
ranking for each metric and tolerance, of one search: one index, and one kind of distractors. Other
indexes, other generators and real distractors have small tables of their own, without ranks.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind, Found

Tier = Literal["self-reported", "recomputed", "reproduced"]
TIERS: Sequence[Tier] = ("self-reported", "recomputed", "reproduced")
"""How much of a result others have checked, least first."""

FORMAT = "fpbench leaderboard 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A hit rate at one database size.

    Args:
        hours: Hours of audio of the whole database.
        value: The rate, from 0 to 1.
        low: Lower end of its 95 % interval; None if there is none.
        high: Upper end.
        rank: Place among the systems of the ranking that have this size. Systems share a rank where
            neighbours do not clearly differ. None in tables without ranks.
    """

    n_distractors: int
    hours: float
    value: float
    low: float | None
    high: float | None
    found: Found
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """The database size at which half of HR@1 at ``start`` is left.

    Args:
        size: None if it is beyond the largest simulated size.
        low: Lower end of its 95 % interval; None if there is none.
        high: Upper end; None, too, if it is beyond the largest simulated size.
        label: The size with its interval, in words.
    """

    start: int
    size: float | None
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Errors of decisions by a threshold at one database size, each from 0 to 1.

    Args:
        equal_error: Where false accepts and false rejects are equally frequent.
        false_rejects: False rejects at 1 % of false accepts; None if too few queries tell.
        false_rejects_low: Lower end of their 95 % interval; None for too few groups.
        false_rejects_high: Upper end.
        kept_share: Share of false accepts at the smallest size, whose threshold is kept.
        accepts_at_kept: False accepts at that threshold; None if they are unknown.
    """

    n_distractors: int
    found: Found
    equal_error: float
    false_rejects: float | None
    false_rejects_low: float | None
    false_rejects_high: float | None
    kept_share: float
    accepts_at_kept: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Files of a result: paths from the folder in which the board was made.

    Args:
        result: None for a result that is in no file.
        config: The config beside it (.toml); None if there is none.
        evidence: The evidence files that are beside it.
    """

    result: str | None
    config: str | None
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is equal for all systems of a ranking.

    Args:
        generator: Name of the generator of synthetic distractors; None for real ones.
    """

    index: str
    distractors: DistractorKind
    generator: str | None

    @property
    def label(self) -> str:
        """Such as ``exact search, synthetic distractors (gaussian)``."""
        text = f"{self.index} search, {self.distractors} distractors"
        return f"{text} ({self.generator})" if self.generator else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A system in a ranking, with the best of its configurations.

    Args:
        rank: Its rank at the size of the ranking; None if it was not measured there.
        system: Its name, with what distinguishes it from others of that name.
        configuration: What else the numbers are of: dtype, device and version.
        rates: Hit rates of one curve, by increasing size.
        loss: Share of the rate at a million distractors that is lost at a hundred million; None if
            one of them is unknown.
        half: None unless the rates were simulated beyond what was searched.
        decisions: Decisions by a threshold, by increasing size; empty if they are unknown.
        times_real_time: Audio that is fingerprinted in a second, in seconds; None if unknown.
        bytes_per_hour: Bytes of the fingerprints of an hour of audio, in float32.
        licence: Licence of the weights, as declared; None if nobody declares one.
        marks: What a reader must know of the numbers, in words: that the system breaks rules, or
            that the generator is unlike real fingerprints.
        result: The result itself, which JSON does not hold.
    """

    rank: int | None
    system: str
    configuration: str
    rates: Sequence[Rate]
    loss: float | None
    half: Half | None
    decisions: Sequence[Decisions]
    times_real_time: float | None
    bytes_per_hour: float
    tier: Tier
    licence: str | None
    marks: Sequence[str]
    links: Links
    result: Result = field(repr=False)

    def at(self, n_distractors: int) -> Rate | None:
        """The rate at a database size, if it is known."""
        found = (rate for rate in self.rates if rate.n_distractors == n_distractors)
        return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealGap:
    """How much higher hit rates are with synthetic distractors than with as many real ones.

    Args:
        value: The gap, from -1 to 1. If it is positive, synthetic distractors are too easy.
        error: Half of its 95 % interval; None if it is unknown.
        held_out: Whether no real distractor is of a track that the generator was fitted to.
    """

    n_distractors: int
    value: float
    error: float | None
    held_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCost:
    """What an index takes to serve queries, on the submitter's machine.

    Args:
        bytes_per_hour: Size of an hour of audio in it; None if that is unknown.
        ms_per_query: Median time per query of 100 that are searched together; None if unknown.
        rows: Number of fingerprints in the index when it was timed.
        on_front: Whether no other index of the result is at least as good, as fast and as small,
            and better in one of the three.
    """

    bytes_per_hour: float | None
    ms_per_query: float | None
    rows: int | None
    on_front: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRow:
    """A system in a table without ranks.

    Args:
        rates: A rate for each column of the table; None where it was not measured.
        costs: In a table of indexes, what each of them takes; None where that is unknown.
        tracks: Of how many tracks the real distractors are; empty if that is unknown.
        gap: Gap between synthetic and real distractors; None if it was not measured.
    """

    system: str
    rates: Sequence[Rate | None]
    costs: Sequence[SearchCost | None] = ()
    tracks: str = ""
    gap: RealGap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTable:
    """Rates that are compared and not ranked: all of a row are of one system.

    Args:
        kind: ``real``: real distractors, and as many synthetic ones. ``generators``: several
            generators. ``indexes``: several indexes.
        n_distractors: Size of all rates; None if each row has the size of its real distractors.
        columns: Names of the kinds of distractors, the generators or the indexes.
    """

    kind: Literal["real", "generators", "indexes"]
    n_distractors: int | None
    columns: Sequence[str]
    rows: Sequence[SideRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The systems of a section by one metric and tolerance, the best first.

    Args:
        tolerance_s: Largest error of a match's start time, in seconds; None accepts any time in the
            right track.
        n_distractors: The size at which systems are ranked.
        paired: Number of neighbours, at this size, that a paired test compared. The other
            neighbours were compared by their intervals.
        rows: One for each system.
        tables: Tables without ranks.
    """

    metric: str
    tolerance_s: float | None
    search: Search
    n_distractors: int
    paired: int
    rows: Sequence[Row]
    tables: Sequence[SideTable]

    @property
    def sizes(self) -> list[int]:
        """All sizes of its rows, ascending."""
        return sorted({rate.n_distractors for row in self.rows for rate in row.rates})


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCurve:
    """A curve of a result, for figures.

    Args:
        generator: Name of the generator of synthetic distractors, with marks; None for real ones.
        ranked: Whether it is the curve of a row of a ranking.
    """

    system: str
    index: str
    distractors: DistractorKind
    generator: str | None
    metric: str
    tolerance_s: float | None
    ranked: bool
    points: Sequence[Rate]
    links: Links


MAINTAINERS_ALONE = "Verified by the maintainers alone: nobody else has submitted a result yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Results that can be compared: of one task, or free runs of the same audio and queries.

    Args:
        task: Name of the task; None for free runs.
        task_content: Hash of the task's settings, data and queries; None for free runs.
        data: Name of the dataset. Those of free runs may differ; this is the first of them.
        content: Hash of the audio.
        clusters: What intervals are over, such as ``22 groups``.
        is_of_maintainers: Whether maintainers of fpbench have submitted all results of a task.
    """

    task: str | None
    task_content: str | None
    data: str
    content: str
    queries: int
    query_length_s: float
    clusters: str
    is_of_maintainers: bool
    rankings: Sequence[Ranking]
    curves: Sequence[BoardCurve]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The whole leaderboard.

    Args:
        source: Where the results are from, in words.
        sections: Tasks by name, then free runs.
    """

    source: str
    sections: Sequence[Section]


def board_json(board: Board) -> str:
    """The board as JSON, with a line break at its end."""
    document = {"format": FORMAT, **_to_json(board)}
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value)]
        parts = {name: getattr(value, name) for name in names}
        return {n: _to_json(part) for n, part in parts.items() if not isinstance(part, Result)}
    if isinstance(value, Mapping):
        return {key: _to_json(part) for key, part in value.items()}
    return [_to_json(part) for part in value] if isinstance(value, list | tuple) else value
