"""How much too easy real distractors are because they come from few tracks.

Fingerprints of one track, or of one artist, are alike: for a given query, either several of them
score above its match, or none. So a thousand fingerprints of ten tracks are fewer chances of a miss
than a thousand of a thousand tracks, and the hit rate among them is too high. The excess shows when
one of the T tracks is left out, with as many distractors as before: the rate rises, and the
jackknife takes T - 1 such rises for the excess. To first order, these count each track with several
rows above a match in the database once, and not as often as it has too many rows, so they are about
two thirds of the excess.

The rate is that of random databases of one size from all distractors, in expectation. A query with
k distractors above its match hits at rank 1 if none of the k is drawn, which has a hypergeometric
probability. The kept candidates of an exact search tell k, and of which tracks the k rows are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.intervals import FEWEST_GROUPS
from fpbench.evidence.jackknife import left_out_variance, student_quantile

_SHARE_FOUND = 2 / 3
"""Of the excess, by the jackknife; measured on demo tracks, see docs/explanation/intervals.md."""

_MOST_PARTS = 200  # that are left out in turn: of more clusters, several together
_MOST_ABOVE = 10  # distractors above a match at rank 10 or better, and one more


class Excess(NamedTuple):
    """By how much a hit rate is too high because its distractors come from few tracks.

    Args:
        value: The excess; subtract it. It may be slightly negative, by chance.
        error: Standard error that comes from the choice of the tracks, of the rate without it.
        parts: Number of parts of the distractors, of which one after the other is left out.
    """

    value: float
    error: float
    parts: int

    def half_width(self, level: float) -> float:
        """Half the width of a confidence interval, without the error of the queries.

        The excess is a part of the error, because a rough rule takes it out.
        """
        return math.hypot(student_quantile(self.parts, level) * self.error, self.value)


@dataclass(frozen=True, slots=True)
class ClusteredDistractors:
    """Real distractors in parts that are left out in turn.

    Args:
        part: Part of each distractor: its group or track, or several of them.
        rows: Number of distractors of each part.
    """

    part: Int64[np.ndarray, " distractors"]
    rows: Int64[np.ndarray, " parts"]

    @classmethod
    def of(cls, tracks: DistractorTracks) -> "ClusteredDistractors":
        """Parts of whole groups, or of whole tracks where groups are unknown."""
        _, member = np.unique(tracks.clusters, return_inverse=True)
        part = member.reshape(-1).astype(np.int64) % _MOST_PARTS
        return cls(part, np.bincount(part))

    def pools(self) -> Float64[np.ndarray, " databases"]:
        """Number of distractors, and number of those without each part."""
        left_out = np.concatenate([[0.0], self.rows])
        pools: Float64[np.ndarray, " databases"] = float(self.rows.sum()) - left_out
        return pools

    def largest_size(self) -> int:
        """The largest database that can be drawn whichever part is left out."""
        return int(self.rows.sum() - self.rows.max())


@dataclass(frozen=True, slots=True)
class RowsAbove:
    """How many distractors score at least as each query's match, in all and of each part.

    Args:
        allowed: How many of them a database may have if the match is to be first; less than 0 if
            the reference alone has a wrong row there.
        total: Number of distractors above the match.
        query: Queries with distractors above their match, once for each part that these are of.
        part: The parts.
        count: Number of distractors of the part above the match of the query.
    """

    allowed: Int64[np.ndarray, " queries"]
    total: Int64[np.ndarray, " queries"]
    query: Int64[np.ndarray, " pairs"]
    part: Int64[np.ndarray, " pairs"]
    count: Int64[np.ndarray, " pairs"]

    @classmethod
    def of_evidence(
        cls, evidence: Evidence, distractors: ClusteredDistractors, tolerance_s: float | None
    ) -> "RowsAbove":
        """Counted among the kept candidates.

        A block with more rows above a match than it keeps has too few here. Such a query misses
        with any of these numbers.
        """
        match = evidence.match_scores(tolerance_s)
        parts = len(distractors.rows)
        places = [np.zeros(0, dtype=np.int64)]
        for first, block in zip(evidence.edges[:-1].tolist(), evidence.blocks, strict=True):
            query, column = np.nonzero((block.ids >= 0) & (block.scores >= match[:, None]))
            row = first + block.ids[query, column]
            places.append(query * parts + distractors.part[row])
        pairs, count = np.unique(np.concatenate(places), return_counts=True)
        total = np.bincount(pairs // parts, weights=count, minlength=len(match))
        return cls(
            allowed=-evidence.ranks(range(0), tolerance_s),
            total=total.astype(np.int64),
            query=pairs // parts,
            part=pairs % parts,
            count=count,
        )

    def rates(
        self, hits: Float64[np.ndarray, "databases above allowed"], k: int
    ) -> Float64[np.ndarray, " databases"]:
        """Hit rates with all parts, and without each of them.

        Args:
            hits: From :func:`hit_probabilities`, for the pools of
                :meth:`ClusteredDistractors.pools`, or for the first of them alone.
            k: Rank up to which a match is a hit.
        """
        allowed = self.allowed + k - 1
        possible = allowed >= 0
        above, most = hits.shape[1:]
        weights = np.bincount(
            self.total[possible] * most + allowed[possible], minlength=above * most
        )
        sums = (hits.reshape(len(hits), -1) * weights).sum(axis=1)
        if len(hits) > 1:
            used = possible[self.query]
            query, part, count = self.query[used], self.part[used], self.count[used]
            with_part = hits[part + 1, self.total[query], allowed[query]]
            without = hits[part + 1, self.total[query] - count, allowed[query]]
            sums[1:] += np.bincount(part, weights=without - with_part, minlength=len(hits) - 1)
        rates: Float64[np.ndarray, " databases"] = sums / len(self.total)
        return rates


def hit_probabilities(
    pools: Float64[np.ndarray, " databases"], size: int, most_above: int
) -> Float64[np.ndarray, "databases above allowed"]:
    """Probability that at most so many of the rows above a match are in a random database.

    Only sums and products, so that every processor gives the same.

    Args:
        pools: Numbers of distractors of which a database is drawn.
        size: Number of distractors in the database, at most the smallest of them.
        most_above: Largest number of rows above a match.

    Returns:
        For each pool, for 0 to ``most_above`` rows above, and for 0 to 9 of them in the database.
    """
    inside = np.arange(_MOST_ABOVE, dtype=np.float64)
    exactly = np.zeros((len(pools), most_above + 1, _MOST_ABOVE))
    exactly[:, 0, 0] = 1.0
    for above in range(most_above):
        left = np.maximum(pools - above, 1)[:, None]
        stays_out = np.clip((pools[:, None] - size - (above - inside)) / left, 0, 1)
        comes_in = np.clip((size - inside) / left, 0, 1)
        now = exactly[:, above]
        exactly[:, above + 1] = now * stays_out
        exactly[:, above + 1, 1:] += (now * comes_in)[:, :-1]
    return exactly.cumsum(axis=2)


class FewTracks:
    """The excess of all hit rates of one search and tolerance.

    Args:
        are_groups: Whether groups of tracks are left out, and not single tracks.
    """

    def __init__(
        self, evidence: Evidence, distractors: ClusteredDistractors, tolerance_s: float | None
    ) -> None:
        tracks = evidence.distractor_tracks
        self.are_groups = tracks is not None and tracks.group is not None
        self._distractors = distractors
        self._above = RowsAbove.of_evidence(evidence, distractors, tolerance_s)
        self._known: dict[int, Mapping[int, Excess]] = {}

    def excesses(self, size: int) -> Mapping[int, Excess]:
        """By how much HR@1, HR@3 and HR@10 with ``size`` distractors are too high, by rank.

        Each part is left out in turn, and the mean rise of the rate tells the excess.

        With nearly all distractors, it is that with a few less, so that as many are left without
        any one part.

        Source: Quenouille 1956, "Notes on bias in estimation"; Efron and Stein 1981, "The jackknife
            estimate of variance".
        """
        size = min(size, self._distractors.largest_size())
        if size not in self._known:
            most = int(self._above.total.max(initial=0))
            hits = hit_probabilities(self._distractors.pools(), size, most)
            self._known[size] = {k: excess_of_rates(self._above.rates(hits, k)) for k in (1, 3, 10)}
        return self._known[size]


def few_tracks(evidence: Evidence | GrownEvidence, tolerance_s: float | None) -> FewTracks | None:
    """What corrects the hit rates of a search; None if its evidence does not allow it.

    That is so for synthetic distractors, for those without known tracks or of fewer than five
    groups, and for indexes that do not compare all rows: candidates then say too little about the
    rows that would take their place.
    """
    if isinstance(evidence, GrownEvidence) or evidence.distractor_tracks is None:
        return None
    if evidence.rows_per_query > 1 or not _is_exact(evidence):
        return None
    distractors = ClusteredDistractors.of(evidence.distractor_tracks)
    if len(distractors.rows) < FEWEST_GROUPS:
        return None
    return FewTracks(evidence, distractors, tolerance_s)


def _is_exact(evidence: Evidence) -> bool:
    """Whether candidates are ranked by their exact scores, as :class:`fpbench.BlockIndex` says."""
    return all(np.array_equal(block.keys, -block.scores) for block in evidence.blocks)


def excess_of_rates(rates: Float64[np.ndarray, " databases"]) -> Excess:
    """From the rate with all parts, and without each of them."""
    with_all, left_out = rates[0], rates[1:]
    parts = len(left_out)
    variance = float(left_out_variance(left_out))
    # A sample of tracks without those that matter shows too small an excess and too high a rate, so
    # the error of their difference is larger than that of the rate by the same factor.
    rise = (parts - 1) * float(left_out.mean() - with_all)
    return Excess(rise / _SHARE_FOUND, math.sqrt(variance) / _SHARE_FOUND, parts)
