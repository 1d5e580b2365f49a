"""False accepts: what a system answers to queries whose track is not in the database.

A system accepts its best candidate if it scores at or above a threshold. Two scores of each query
say what happens at every threshold:

* genuine: the score of the match if it comes first, else -inf, because then another answer would be
  given. Below the threshold, the query is falsely rejected.
* impostor: the best score that is left without the query's own track, among distractors and the
  other tracks of the reference. At or above the threshold, a query whose track is not in the
  database is falsely accepted.

Source: ISO/IEC 19795-1:2021, "Biometric performance testing and reporting", for the two rates and
    for the curve of one against the other (detection error tradeoff, DET).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.evidence.evidence import DistractorRange, Evidence, whole_block_databases
from fpbench.evidence.intervals import FEWEST_GROUPS
from fpbench.results.decisions import ErrorRate, FalseAccepts, RejectsAt
from fpbench.results.fields import DistractorKind

SHARES = (0.1, 0.01, 0.001)
"""Shares of false accepts at which false rejects are given."""

MOST_DATABASES = 3
"""Databases of one size in use. More change the rates little, and each takes time."""

LEVEL = 0.95
OVER_TRACKS = "delete-a-group jackknife over tracks"
OVER_GROUPS = "delete-a-group jackknife over groups"

_OF_THE_SMALLEST = 0.01  # share of false accepts that sets a threshold at the smallest size
_FEWEST_ACCEPTED = 10  # queries behind a share of false accepts
_MOST_PARTS = 100  # of the jackknife: more groups are divided into so many


@dataclass(frozen=True, slots=True)
class Decisions:
    """Genuine and impostor scores of each query in some databases of one size."""

    genuine: Float32[np.ndarray, "databases queries"]
    impostor: Float32[np.ndarray, "databases queries"]

    @classmethod
    def of_evidence(cls, evidence: Evidence, size: int, tolerance_s: float | None) -> "Decisions":
        """The scores with ``size`` distractors.

        Raises:
            ValueError: Older evidence has no scores of other tracks.
        """
        if evidence.foreign_score is None:
            raise ValueError("the evidence has no scores of other tracks")
        databases = [DistractorRange(range(0), 0)]
        if size:
            databases = whole_block_databases(evidence.edges, size)[:MOST_DATABASES]
        match, genuine, impostor = evidence.match_scores(tolerance_s), [], []
        for blocks, _ in databases:
            first = evidence.ranks(blocks, tolerance_s) == 0
            genuine.append(np.where(first, match, np.float32(-np.inf)))
            impostor.append(np.maximum(evidence.best_distractors(blocks), evidence.foreign_score))
        return cls(np.stack(genuine), np.stack(impostor))

    def of_queries(self, some: Bool[np.ndarray, " queries"]) -> "Decisions":
        """The scores of some queries."""
        return Decisions(self.genuine[:, some], self.impostor[:, some])

    def threshold(self, false_accepts: float) -> np.float32:
        """The lowest threshold with at most this share of false accepts."""
        impostors = np.sort(self.impostor, axis=None)[::-1]
        accepted = int(false_accepts * len(impostors) + 1e-9)
        # The next one must score below the threshold.
        return np.float32(np.nextafter(impostors[accepted], np.float32(np.inf)))

    def false_accepts(self, threshold: np.float32) -> float:
        """Share of queries that are accepted although their track is not in the database."""
        return float((self.impostor >= threshold).mean())

    def false_rejects(self, threshold: np.float32) -> float:
        """Share of queries that get no answer, or a wrong one, although their track is there."""
        return float((self.genuine < threshold).mean())

    def equal_error_rate(self) -> float:
        """Where both rates are equal, or the mean of both where they cross between two scores."""
        impostors = np.sort(self.impostor, axis=None)
        thresholds = np.unique(impostors)
        accepts = 1 - np.searchsorted(impostors, thresholds) / len(impostors)
        genuine = np.sort(self.genuine, axis=None)
        rejects = np.searchsorted(genuine, thresholds) / len(genuine)
        nearest = int(np.argmin(np.abs(accepts - rejects)))
        return float((accepts[nearest] + rejects[nearest]) / 2)


def measure_false_accepts(
    evidence: Evidence,
    sizes: Sequence[int],
    tolerance_s: float | None,
    *,
    index: str,
    distractors: DistractorKind,
) -> list[FalseAccepts]:
    """Equal error rate, false rejects and false accepts at every size.

    Intervals leave out one group of tracks at a time, or one track where groups are unknown, and
    set each threshold anew.

    Args:
        evidence: Of one search; older evidence, without scores of other tracks, gives nothing.
        sizes: Searched numbers of distractors, ascending.
        tolerance_s: Tolerance of a match.
        index: Name of the index.
        distractors: Kind of distractors.
    """
    if evidence.foreign_score is None:
        return []
    enough = [share for share in SHARES if share * len(evidence.query_track) >= _FEWEST_ACCEPTED]
    parts = _parts(evidence.clusters)
    method = OVER_TRACKS if evidence.query_group is None else OVER_GROUPS
    smallest = Decisions.of_evidence(evidence, sizes[0], tolerance_s)
    found = []
    for size in sizes:
        pair = _Pair(Decisions.of_evidence(evidence, size, tolerance_s), smallest)
        found.append(
            FalseAccepts(
                distractors=distractors,
                index=index,
                tolerance_s=tolerance_s,
                n_distractors=size,
                databases=len(pair.here.genuine),
                equal_error_rate=_rate(_Pair.equal_error_rate, pair, parts),
                rejects=[
                    RejectsAt(
                        false_accepts=share,
                        false_rejects=_rate(partial(_Pair.rejects_at, share=share), pair, parts),
                    )
                    for share in enough
                ],
                accepts_at_smallest=_rate(_Pair.accepts_at_smallest, pair, parts)
                if _OF_THE_SMALLEST in enough
                else None,
                level=LEVEL,
                method=method,
            )
        )
    return found


class _Pair(NamedTuple):
    """Decisions at one size, and at the smallest one, for the same queries."""

    here: Decisions
    smallest: Decisions

    def of_queries(self, some: Bool[np.ndarray, " queries"]) -> "_Pair":
        return _Pair(self.here.of_queries(some), self.smallest.of_queries(some))

    def equal_error_rate(self) -> float:
        return self.here.equal_error_rate()

    def rejects_at(self, share: float) -> float:
        return self.here.false_rejects(self.here.threshold(share))

    def accepts_at_smallest(self) -> float:
        return self.here.false_accepts(self.smallest.threshold(_OF_THE_SMALLEST))


def _parts(clusters: Int64[np.ndarray, " queries"]) -> Int64[np.ndarray, " queries"]:
    """The part of each query that the jackknife leaves out: its cluster, or several of them."""
    _, member = np.unique(clusters, return_inverse=True)
    return member % _MOST_PARTS


def _rate(
    statistic: Callable[[_Pair], float], pair: _Pair, parts: Int64[np.ndarray, " queries"]
) -> ErrorRate:
    """A statistic with its interval.

    Source: Kott 2001, "The delete-a-group jackknife", equation 1.
    """
    from scipy.special import stdtrit

    value = statistic(pair)
    count = int(parts.max()) + 1
    if count < FEWEST_GROUPS:
        return ErrorRate(value=value, low=None, high=None)
    without = np.array([statistic(pair.of_queries(parts != part)) for part in range(count)])
    variance = (count - 1) / count * ((without - without.mean()) ** 2).sum()
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2) * np.sqrt(variance))
    return ErrorRate(value=value, low=max(0.0, value - half), high=min(1.0, value + half))
