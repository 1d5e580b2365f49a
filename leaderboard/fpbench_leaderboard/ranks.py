"""Ranks that systems share where neighbours do not clearly differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.intervals import LEVEL
from fpbench.evidence.sign_flips import correct_p_values
from fpbench.results.document import Curve, Point
from fpbench.review.compared_results import ComparedResult, load_evidence
from fpbench.review.differences import Difference, hit_rate_differences
from fpbench.review.paired_points import Ranks
from fpbench_leaderboard.entries import Entry

_ROUNDING = 1e-12  # 1 - 0.95 is not 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A curve that may stand for its system."""

    entry: Entry
    curve: Curve

    def at(self, n_distractors: int) -> Point | None:
        """The point at a database size, if there is one."""
        points = (p for p in self.curve.points if p.n_distractors == n_distractors)
        return next(points, None)


@dataclass(frozen=True, slots=True)
class Places:
    """Ranks at one size.

    Args:
        ranks: Rank of each system, in the order of :func:`place_systems`.
        paired: Number of neighbours that a paired test compared.
    """

    ranks: Sequence[int]
    paired: int


class PairedTests:
    """Paired tests of two curves, as far as evidence is at hand; each is made once.

    Results are known by their identity, so they must outlive the object.
    """

    def __init__(self) -> None:
        self._evidence: dict[tuple[int, str, str], Evidence | GrownEvidence | None] = {}
        self._ranks: dict[tuple[int, int, str, str], Ranks | None] = {}
        self._differences: dict[tuple[int, int], dict[int, Difference]] = {}

    def p_value(self, one: Candidate, other: Candidate, n_distractors: int) -> float | None:
        """Of a sign-flip test at one size, not corrected; None without evidence of both."""
        key = id(one.curve), id(other.curve)
        if key not in self._differences:
            self._differences[key] = self._test(one, other)
        found = self._differences[key].get(n_distractors)
        return None if found is None else found.p_value

    def _test(self, one: Candidate, other: Candidate) -> dict[int, Difference]:
        ranks = self._paired_ranks(one, other)
        if ranks is None:
            return {}
        results = one.entry.result, other.entry.result
        found = hit_rate_differences([(one.curve, other.curve)], results, ranks, LEVEL)
        return {
            each.points[0].n_distractors: each
            for each in found
            if each.points[0].n_distractors == each.points[1].n_distractors
        }

    def _paired_ranks(self, one: Candidate, other: Candidate) -> Ranks | None:
        curve = one.curve
        key = id(one.entry), id(other.entry), curve.index, curve.distractors
        if key not in self._ranks:
            first, second = self._load(one), self._load(other)
            try:
                both = None if first is None or second is None else Ranks((first, second))
            except ValueError:  # queries of different tracks, or groups
                both = None
            self._ranks[key] = both
        return self._ranks[key]

    def _load(self, side: Candidate) -> Evidence | GrownEvidence | None:
        entry, curve = side.entry, side.curve
        # Nobody has compared the numbers of other results with their evidence; and the queries of a
        # protocol are not compared one by one.
        compared = entry.tier != "self-reported" and entry.result.protocol is None
        if entry.path is None or not compared:
            return None
        key = id(entry), curve.index, curve.distractors
        if key not in self._evidence:
            try:
                beside = ComparedResult(entry.path, entry.result)
                found = load_evidence(beside, curve.index, curve.distractors)
            except FpbenchError:
                self._evidence[key] = None
            else:
                self._evidence[key] = found
        return self._evidence[key]


def place_systems(
    candidates: Sequence[Candidate], n_distractors: int, tests: PairedTests
) -> Places:
    """Ranks of systems at one size.

    A rank is shared with the neighbour above, unless a paired test with Holm's correction over all
    neighbours tells the two apart, or the interval lies below that of a system which shares it.

    Args:
        candidates: One for each system, the best first; all have the size.
    """
    pairs = list(pairwise(candidates))
    p_values = [tests.p_value(*pair, n_distractors) for pair in pairs]
    corrected = iter(correct_p_values([p for p in p_values if p is not None]))
    ranks = [1] if candidates else []
    for place, ((_, worse), p) in enumerate(zip(pairs, p_values, strict=True), start=2):
        sharing = candidates[ranks[-1] - 1 : place - 1]
        is_worse = p is not None and next(corrected) <= _LARGEST_P
        is_below = any(_are_apart(one, worse, n_distractors) for one in sharing)
        ranks.append(place if is_worse or is_below else ranks[-1])
    return Places(ranks, sum(p is not None for p in p_values))


_LARGEST_P = 1 - LEVEL + _ROUNDING


def _are_apart(better: Candidate, worse: Candidate, n_distractors: int) -> bool:
    """Whether the intervals of both are known and do not overlap."""
    one, other = better.at(n_distractors), worse.at(n_distractors)
    if one is None or other is None or not (one.ci.is_known and other.ci.is_known):
        return False
    return one.ci.low > other.ci.high
