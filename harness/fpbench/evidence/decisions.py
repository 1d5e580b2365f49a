"""Decisions by a threshold: genuine and impostor scores, and the two rates of wrong decisions.

A system accepts its best candidate if it scores at or above a threshold. Two scores say what
happens at every threshold:

* genuine, of each query: the score of the match if it comes first, else -inf, because then another
  answer would be given. Below the threshold, the query is falsely rejected.
* impostor, of each trial without a right answer: the best score in the database. A trial is a query
  without its own track in the database, or a recording that the database does not hold. At or above
  the threshold, it is falsely accepted.

Source: ISO/IEC 19795-1:2021, "Biometric performance testing and reporting", for the two rates and
    for the curve of one against the other (detection error tradeoff, DET).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.evidence.evidence import DistractorRange, Evidence, whole_block_databases
from fpbench.evidence.intervals import FEWEST_GROUPS

MOST_DATABASES = 3
"""Databases of one size in use. More change the rates little, and each takes time."""

_MOST_PARTS = 100  # of the jackknife: more groups are divided into so many


@dataclass(frozen=True, slots=True)
class Parts:
    """What the jackknife leaves out: groups of queries and trials, or several groups together.

    Args:
        query: Part of each query.
        trial: Part of each impostor trial: of every query, then of every absent one.
        count: Number of parts.
    """

    query: Int64[np.ndarray, " queries"]
    trial: Int64[np.ndarray, " trials"]
    count: int

    @classmethod
    def of_evidence(cls, evidence: Evidence) -> "Parts":
        """Groups of the queries, and those of the absent recordings after them."""
        absent = None if evidence.absent is None else evidence.absent.clusters
        return cls.of_clusters(evidence.clusters, absent)

    @classmethod
    def of_clusters(
        cls,
        clusters: Int64[np.ndarray, " queries"],
        absent: Int64[np.ndarray, " absent"] | None = None,
    ) -> "Parts":
        """Parts from the group of each query, and from the recording of each absent one."""
        _, member = np.unique(clusters, return_inverse=True)
        trial = member
        if absent is not None:
            _, recording = np.unique(absent, return_inverse=True)
            trial = np.concatenate([member, member.max() + 1 + recording])
        parts = (trial % _MOST_PARTS).astype(np.int64)
        return cls(parts[: len(clusters)], parts, int(parts.max()) + 1)

    @property
    def groups(self) -> int:
        """Number of parts; where too few of them have queries, or trials, the number of those."""
        fewest = min(len(np.unique(self.query)), len(np.unique(self.trial)))
        return self.count if fewest >= FEWEST_GROUPS else fewest

    @property
    def absent(self) -> "Parts":
        """The same for absent queries as the only impostors."""
        return Parts(self.query, self.trial[len(self.query) :], self.count)


@runtime_checkable
class Rates(Protocol):
    """The two rates as functions of the threshold, from searched or from simulated databases."""

    def without(self, part: int) -> "Rates":
        """The rates without one part of the queries and of the trials."""
        ...

    @property
    def trials(self) -> int:
        """Number of impostor trials."""
        ...

    def threshold(self, false_accepts: float) -> float:
        """The lowest threshold with at most this share of false accepts."""
        ...

    def false_accepts(self, threshold: float) -> float:
        """Share of trials that are accepted; NaN if the threshold is lower than all known ones."""
        ...

    def accepted_by_part(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """For each part, the accepted trials, as a mean over databases, and all its trials."""
        ...

    def rejects_at(self, shares: Sequence[float]) -> Float64[np.ndarray, " shares"]:
        """False rejects at the thresholds for some shares of false accepts."""
        ...

    def equal_error_rate(self) -> float:
        """Where both rates are equal, or the mean of both where they cross between two scores."""
        ...


class Scores(NamedTuple):
    """Genuine and impostor scores in some databases of one size."""

    genuine: Float32[np.ndarray, "databases queries"]
    impostor: Float32[np.ndarray, "databases trials"]

    @classmethod
    def of_evidence(
        cls,
        evidence: Evidence,
        size: int,
        tolerance_s: float | None,
    ) -> "Scores":
        """The scores in the first few databases of ``size`` distractors, of whole blocks.

        Raises:
            ValueError: Older evidence has no scores of other tracks.
        """
        databases = [DistractorRange(range(0), 0)]
        if size:
            databases = whole_block_databases(evidence.edges, size)[:MOST_DATABASES]
        ranks = [(blocks, evidence.ranks(blocks, tolerance_s)) for blocks, _ in databases]
        return cls.of_ranks(evidence, tolerance_s, ranks)

    @classmethod
    def of_ranks(
        cls,
        evidence: Evidence,
        tolerance_s: float | None,
        ranks: Iterable[tuple[range, Int64[np.ndarray, " queries"]]],
    ) -> "Scores":
        """The scores in some databases.

        Args:
            evidence: Of one search.
            tolerance_s: Tolerance of a match.
            ranks: The blocks of each database, and the ranks of the matches in it.

        Raises:
            ValueError: Older evidence has no scores of other tracks.
        """
        if evidence.foreign_score is None:
            raise ValueError("the evidence has no scores of other tracks")
        match, genuine, impostor = evidence.match_scores(tolerance_s), [], []
        for blocks, found in ranks:
            genuine.append(np.where(found == 0, match, np.float32(-np.inf)))
            impostor.append(_best_scores(evidence, evidence.foreign_score, blocks))
        return cls(np.stack(genuine), np.stack(impostor))

    @property
    def absent(self) -> "Scores":
        """The same with absent queries as the only impostors."""
        return Scores(self.genuine, self.impostor[:, self.genuine.shape[1] :])


def _best_scores(
    evidence: Evidence, foreign: Float32[np.ndarray, " queries"], blocks: range
) -> Float32[np.ndarray, " trials"]:
    """Impostor scores of the queries without their own track, then of the absent ones."""
    best: Float32[np.ndarray, " queries"] = np.maximum(evidence.best_distractors(blocks), foreign)
    absent = evidence.absent
    if absent is None or absent.foreign_score is None:
        return best
    return np.concatenate([best, np.maximum(absent.best_distractors(blocks), absent.foreign_score)])


@dataclass(frozen=True, slots=True)
class SortedScores:
    """Scores of several databases, ascending, with the part that each belongs to."""

    scores: Float32[np.ndarray, " scores"]
    part: Int64[np.ndarray, " scores"]

    @classmethod
    def of(
        cls, scores: Float32[np.ndarray, "databases rows"], part: Int64[np.ndarray, " rows"]
    ) -> "SortedScores":
        """The scores of all databases together."""
        order = np.argsort(scores, axis=None, kind="stable")
        return cls(scores.reshape(-1)[order], np.tile(part, len(scores))[order])

    def without(self, part: int) -> "SortedScores":
        """Without one part; they stay sorted."""
        kept = self.part != part
        return SortedScores(self.scores[kept], self.part[kept])

    def share_below(
        self, thresholds: Float32[np.ndarray, " thresholds"]
    ) -> Float64[np.ndarray, " thresholds"]:
        """Share of the scores below each threshold."""
        below: Float64[np.ndarray, " thresholds"] = (
            np.searchsorted(self.scores, thresholds) / self.scores.size
        )
        return below


@dataclass(frozen=True, slots=True)
class Decisions:
    """The rates in some databases of one size that were searched."""

    genuine: SortedScores
    impostor: SortedScores
    databases: int
    part_count: int

    @classmethod
    def of(cls, scores: Scores, parts: Parts) -> "Decisions":
        """Decisions on these scores."""
        return cls(
            SortedScores.of(scores.genuine, parts.query),
            SortedScores.of(scores.impostor, parts.trial),
            len(scores.genuine),
            parts.count,
        )

    @property
    def trials(self) -> int:
        """Number of impostor trials."""
        return len(self.impostor.scores) // self.databases

    def without(self, part: int) -> "Decisions":
        """As :meth:`Rates.without`."""
        genuine, impostor = self.genuine.without(part), self.impostor.without(part)
        return Decisions(genuine, impostor, self.databases, self.part_count)

    def threshold(self, false_accepts: float) -> float:
        """As :meth:`Rates.threshold`."""
        (found,) = self._thresholds([false_accepts])
        return float(found)

    def false_accepts(self, threshold: float) -> float:
        """As :meth:`Rates.false_accepts`."""
        (below,) = self.impostor.share_below(np.array([threshold], dtype=np.float32))
        return 1 - float(below)

    def accepted_by_part(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`Rates.accepted_by_part`."""
        first = int(np.searchsorted(self.impostor.scores, np.float32(threshold)))
        count, parts = self.part_count, self.impostor.part
        return (
            np.bincount(parts[first:], minlength=count) / self.databases,
            np.bincount(parts, minlength=count) / self.databases,
        )

    def rejects_at(self, shares: Sequence[float]) -> Float64[np.ndarray, " shares"]:
        """As :meth:`Rates.rejects_at`."""
        return self.genuine.share_below(self._thresholds(shares))

    def equal_error_rate(self) -> float:
        """As :meth:`Rates.equal_error_rate`."""
        impostors = self.impostor.scores
        different = impostors[np.concatenate([[True], impostors[1:] != impostors[:-1]])]
        # Above the best impostor nothing is falsely accepted.
        thresholds = np.append(different, np.nextafter(impostors[-1], np.float32(np.inf)))
        accepts = 1 - self.impostor.share_below(thresholds)
        rejects = self.genuine.share_below(thresholds)
        nearest = int(np.argmin(np.abs(accepts - rejects)))
        return float((accepts[nearest] + rejects[nearest]) / 2)

    def _thresholds(self, shares: Sequence[float]) -> Float32[np.ndarray, " shares"]:
        impostors = self.impostor.scores
        accepted = [int(share * len(impostors) + 1e-9) for share in shares]
        # The next one must score below the threshold.
        next_ones = impostors[[len(impostors) - 1 - count for count in accepted]]
        thresholds: Float32[np.ndarray, " shares"] = np.nextafter(next_ones, np.float32(np.inf))
        return thresholds
