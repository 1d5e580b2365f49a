"""Hit rates beyond the searched sizes, from the tail of what was searched.

Nothing is simulated, so that this serves distractors that cannot be drawn again: real ones, and
those of a generator without noise. How far it holds is in docs/explanation/beyond.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from fpbench.evidence.candidates import keep_first_rows
from fpbench.evidence.distance_tails import DistanceTails, Shape, log_ratios
from fpbench.evidence.evidence import DistractorRange, Evidence, disjoint_databases
from fpbench.evidence.hit_rates import QueryHits, hits_of_curves
from fpbench.evidence.intervals import FEWEST_GROUPS, LEVEL, NONE, korn_graubard, widen
from fpbench.evidence.jackknife import jackknife_variance
from fpbench.evidence.tails import poisson_cdf
from fpbench.results.document import Curve, Interval, Point
from fpbench.results.extrapolations import ExtrapolationCheck, ExtrapolationInfo, TwoTails
from fpbench.units import short_size

FEWEST_SEARCHED = 100_000
"""Minimum distractors to extrapolate from."""
FARTHEST = 100
"""Maximum size, in multiples of the largest searched one."""
FEWEST_TRACKS = 1_000
"""Minimum tracks of real distractors: rows of one track are alike, and a tail is of few rows."""

METHOD = "Korn-Graubard over groups, and difference of two tails"

_FEWEST_ROWS = 15  # median over queries
_MOST_OFF = 0.01  # hit rate of the check, from what was searched
_CHANCE = 2.0  # standard errors that the check may be off where chance alone is more than that
_MOST_APART = 0.03  # hit rates by two models of the tail; the check is never off by more
_SHAPE_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class ExtrapolatedHits:
    """How often each query hits in a larger database.

    Args:
        start: How often it hits in the searched databases.
        exponential: Change of that by exponential tails.
        pareto: Change of that by Pareto tails.
        by_shape: Part of each query in the error of ``pareto`` that comes from the common shape;
            their sum is 0.
    """

    start: Float64[np.ndarray, " queries"]
    exponential: Float64[np.ndarray, " queries"]
    pareto: Float64[np.ndarray, " queries"]
    by_shape: Float64[np.ndarray, " queries"]

    @property
    def hits(self) -> Float64[np.ndarray, " queries"]:
        """Mean of both models."""
        hits: Float64[np.ndarray, " queries"] = self.start + (self.exponential + self.pareto) / 2
        return hits

    @property
    def rate(self) -> float:
        """The hit rate."""
        return _rate(self.hits)

    @property
    def rates(self) -> tuple[float, float]:
        """The hit rates by exponential and by Pareto tails."""
        return _rate(self.start + self.exponential), _rate(self.start + self.pareto)

    @property
    def apart(self) -> float:
        """Difference of the hit rates by both models."""
        return abs(float((self.exponential - self.pareto).mean()))

    def shift(self, by: Float64[np.ndarray, " queries"]) -> "ExtrapolatedHits":
        """The same change from another start."""
        return replace(self, start=self.start + by)


class Extrapolation:
    """Extrapolates the curves of one exact search.

    Args:
        evidence: Evidence of an exact search.
        sizes: The searched sizes of its curves, ascending; the last is where curves go on.
    """

    def __init__(self, evidence: Evidence, sizes: Sequence[int]) -> None:
        self._evidence, self._sizes = evidence, sizes
        self._size = sizes[-1]
        self._matches: dict[float | None, _Matches] = {}

    def curve(
        self, curve: Curve, beyond: Sequence[int], reason: str | None = None
    ) -> tuple[Curve, ExtrapolationInfo]:
        """The curve with extrapolated points, and how they were found.

        Args:
            curve: A curve of the evidence, up to the largest searched size.
            beyond: Larger sizes, ascending.
            reason: A reason not to extrapolate that the evidence does not tell.
        """
        info = ExtrapolationInfo(
            index=curve.index,
            distractors=curve.distractors,
            metric=curve.metric,
            tolerance_s=curve.tolerance_s,
            n_from=self._size,
            repeats=max(1, len(self._tails)),
        )
        refused = reason or refuse_sizes(self._size, beyond)
        if refused is not None:
            return curve, replace(info, refused=refused)
        k = int(curve.metric.removeprefix("hr@"))
        info = self._describe(info, k)
        refused = _refuse_tails(info)
        if refused is not None:
            return curve, replace(info, refused=refused)
        points, tails = [], []
        for size in beyond:
            found = None if size > FARTHEST * self._size else self.hits(size, curve.tolerance_s, k)
            refused = _refuse_size(size, self._size, found)
            if found is None or refused is not None:
                break
            points.append(self._point(found, size, curve.points[-1]))
            exponential, pareto = found.rates
            tails.append(TwoTails(n_distractors=size, exponential=exponential, pareto=pareto))
        longer = replace(curve, points=[*curve.points, *points])
        return longer, replace(info, tails=tails, refused=refused)

    def hits(self, size: int, tolerance_s: float | None, k: int) -> ExtrapolatedHits:
        """How often each query hits among ``size`` distractors, at rank k.

        The searched hits of the largest size are changed by what either model says of the way from
        there to the larger size.
        """
        matches = self._of_tolerance(tolerance_s)
        found = self._grow(self._tails, matches.in_largest, size, k, matches)
        searched = matches.searched[k, self._size]
        # Where a curve would rise, its last searched point is a mean over several sizes.
        return found.shift(searched.hits / searched.databases - found.start)

    def check(self, tolerance_s: float | None, k: int) -> ExtrapolationCheck | None:
        """The largest searched size from about a tenth of it; None without such databases."""
        if not self._tenths:
            return None
        matches = self._of_tolerance(tolerance_s)
        found = self._grow(self._tenths, matches.in_tenths, self._size, k, matches)
        searched, hits = matches.searched[k, self._size], np.clip(found.hits, 0, 1)
        return ExtrapolationCheck(
            n_from=self._tenths[0].tails.size,
            repeats=len(self._tenths),
            searched=searched.rate,
            extrapolated=found.rate,
            # A query hits in a random database with about this probability.
            error=float(np.sqrt((hits * (1 - hits)).sum() / searched.databases)) / len(hits),
        )

    @cached_property
    def _tails(self) -> list["_DatabaseTails"]:
        return _tails_of_size(self._evidence, self._size)

    @cached_property
    def _tenths(self) -> list["_DatabaseTails"]:
        """Tails of the databases of the largest searched size that is at most a tenth."""
        tenth = self._size // 10
        sizes = [edge for edge in self._evidence.edges.tolist() if tenth / 2 < edge <= tenth]
        return _tails_of_size(self._evidence, sizes[-1]) if sizes else []

    def _of_tolerance(self, tolerance_s: float | None) -> "_Matches":
        if tolerance_s not in self._matches:
            evidence = self._evidence
            self._matches[tolerance_s] = _Matches(
                score=evidence.match_scores(tolerance_s),
                rank=evidence.ranks(range(0), tolerance_s),
                in_largest=[evidence.ranks(t.blocks, tolerance_s, t.stop) for t in self._tails],
                in_tenths=[evidence.ranks(t.blocks, tolerance_s, t.stop) for t in self._tenths],
                searched=hits_of_curves(evidence, self._sizes, tolerance_s),
            )
        return self._matches[tolerance_s]

    def _describe(self, info: ExtrapolationInfo, k: int) -> ExtrapolationInfo:
        tails = self._tails
        scales = np.mean([one.tails.scale(one.shape.value) for one in tails], axis=0)
        return replace(
            info,
            rows=float(np.median([one.tails.above for one in tails])),
            shape=float(np.mean([one.shape.value for one in tails])),
            scales=np.quantile(scales, (0.25, 0.5, 0.75)).tolist(),
            check=self.check(info.tolerance_s, k),
        )

    def _grow(
        self,
        tails: Sequence["_DatabaseTails"],
        ranks: Sequence[Int64[np.ndarray, " queries"]],
        size: int,
        k: int,
        matches: "_Matches",
    ) -> ExtrapolatedHits:
        hits = [each < k for each in ranks]
        changes = np.mean(
            [
                one.change(matches.score, k - 1 - matches.rank, size, is_hit)
                for one, is_hit in zip(tails, hits, strict=True)
            ],
            axis=0,
        )
        return ExtrapolatedHits(np.mean(hits, axis=0), *changes)

    def _point(self, found: ExtrapolatedHits, size: int, last: Point) -> Point:
        return replace(
            last,
            n_distractors=size,
            hours=last.hours * (size + last.n_reference) / (last.n_distractors + last.n_reference),
            value=found.rate,
            std=None,
            repeats=1,
            ci=extrapolated_interval(found, self._evidence.clusters),
            found="extrapolated",
            corrected=None,
        )


def refuse_sizes(largest: int, beyond: Sequence[int]) -> str | None:
    """Why curves up to some size do not go on to the first of the sizes beyond; None if they do."""
    if largest < FEWEST_SEARCHED:
        return f"{short_size(largest)} distractors are fewer than {short_size(FEWEST_SEARCHED)}"
    return _too_far(beyond[0], largest)


def extrapolated_interval(
    found: ExtrapolatedHits, group: Int64[np.ndarray, " queries"], level: float = LEVEL
) -> Interval:
    """An interval over groups, to which the difference of both models is added in quadrature."""
    _, member = np.unique(group, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    if len(queries) < FEWEST_GROUPS:
        return Interval(level=level, low=0.0, high=1.0, method=NONE)
    rate, errors = found.rate, found.hits + found.by_shape / 2
    variance = jackknife_variance(np.bincount(member, weights=errors), queries)
    low, high = korn_graubard(rate, variance, len(member), len(queries), level)
    low, high = widen(rate, rate - low, high - rate, found.apart)
    return Interval(level=level, low=low, high=high, method=METHOD)


def _too_far(size: int, largest: int) -> str | None:
    if size <= FARTHEST * largest:
        return None
    return f"{short_size(size)} is more than {FARTHEST} times {short_size(largest)}"


def _refuse_tails(info: ExtrapolationInfo) -> str | None:
    """Why no size can be extrapolated; None if some can."""
    if info.rows is not None and info.rows < _FEWEST_ROWS:
        return f"half of the queries have at most {info.rows:g} distractors in their tail"
    if info.check is None:
        return "no database of a tenth of the distractors was searched, to check it with"
    off, chance = info.check.extrapolated - info.check.searched, _CHANCE * info.check.error
    if abs(off) <= min(max(_MOST_OFF, chance), _MOST_APART):
        return None
    start, size = short_size(info.check.n_from), short_size(info.n_from)
    off_text = f"{100 * off:+.1f} ± {100 * chance:.1f} points"
    return f"from {start}, the hit rate at {size} is predicted {off_text} off"


def _refuse_size(size: int, largest: int, found: ExtrapolatedHits | None) -> str | None:
    """Why this size and larger ones are not given; None if this one is."""
    if found is None:
        return _too_far(size, largest)
    if found.apart <= _MOST_APART:
        return None
    apart = f"{100 * found.apart:.1f} points"
    return f"at {short_size(size)}, two models of the tail differ by {apart}"


@dataclass(frozen=True, slots=True)
class _Matches:
    """The best match of each query at one tolerance.

    Args:
        score: Its score; -inf if there is none.
        rank: Its rank in the reference alone.
        in_largest: Its rank in each database of the largest searched size.
        in_tenths: Its rank in each database of about a tenth of it.
        searched: Searched hits by rank and size.
    """

    score: Float32[np.ndarray, " queries"]
    rank: Int64[np.ndarray, " queries"]
    in_largest: Sequence[Int64[np.ndarray, " queries"]]
    in_tenths: Sequence[Int64[np.ndarray, " queries"]]
    searched: Mapping[tuple[int, int], QueryHits]


@dataclass(frozen=True, slots=True)
class _DatabaseTails:
    """The tails of one database."""

    blocks: range
    stop: int
    tails: DistanceTails
    shape: Shape

    def change(
        self,
        score: Float32[np.ndarray, " queries"],
        most: Int64[np.ndarray, " queries"],
        size: int,
        is_hit: Bool[np.ndarray, " queries"],
    ) -> Float64[np.ndarray, "3 queries"]:
        """How hits change on the way from this database to a larger one.

        Args:
            score: Score of the best match.
            most: How many distractors may score at least as much; negative if the reference alone
                is too many.
            size: Number of distractors in the larger database.
            is_hit: Whether the query hits in this one.

        Returns:
            The change by exponential tails, by Pareto tails, and the part of each query in the
            error of the latter that comes from their common shape.
        """
        y = log_ratios(self.tails.threshold, score)
        # A match that is not in the tail and misses has too many rows above it in any case.
        counts = (y > 0) | is_hit
        shape = self.shape.value
        exponential, pareto, higher, lower = (
            np.where(counts, self._step(p, most, size), 0)
            for p in (
                self.tails.exponential(y),
                *(self.tails.pareto(y, shape + step) for step in (0, _SHAPE_STEP, -_SHAPE_STEP)),
            )
        )
        slope = float((higher - lower).sum()) / (2 * _SHAPE_STEP)
        return np.stack([exponential, pareto, slope * self.shape.influence])

    def _step(
        self, p: Float64[np.ndarray, " queries"], most: Int64[np.ndarray, " queries"], size: int
    ) -> Float64[np.ndarray, " queries"]:
        step: Float64[np.ndarray, " queries"] = poisson_cdf(most, size * p) - poisson_cdf(
            most, self.tails.size * p
        )
        return step


def _tails_of_size(evidence: Evidence, size: int) -> list[_DatabaseTails]:
    """The tails of all disjoint databases of a size."""
    found = []
    for database in disjoint_databases(evidence.edges, size):
        tails = DistanceTails.of_scores(*_best_scores(evidence, database), size)
        found.append(_DatabaseTails(database.blocks, database.stop, tails, tails.shape()))
    return found


def _best_scores(
    evidence: Evidence, database: DistractorRange
) -> tuple[Float32[np.ndarray, "queries candidates"], Float32[np.ndarray, " queries"]]:
    """The candidates of a database, and the score above which they are complete."""
    scores, complete = [], []
    for number in database.blocks:
        block = evidence.blocks[number]
        # A block with an empty place has no other rows.
        complete.append(block.scores.min(axis=1))
        rows = database.stop - int(evidence.edges[number])
        scores.append(keep_first_rows(block, rows).scores)
    return np.concatenate(scores, axis=1), np.max(complete, axis=0)


def _rate(hits: Float64[np.ndarray, " queries"]) -> float:
    return min(max(float(hits.mean()), 0.0), 1.0)
