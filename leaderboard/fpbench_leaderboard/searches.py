"""Which search a ranking is of, and at which size it ranks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fpbench.results.document import Curve, Result
from fpbench.results.fields import DistractorKind
from fpbench.review.synthetic_labels import find_result_deviation
from fpbench_leaderboard.board import Search
from fpbench_leaderboard.entries import SystemKey
from fpbench_leaderboard.ranks import Candidate

BySystem = Mapping[SystemKey, Sequence[Candidate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader wants to see; what is empty or None is not limited.

    Args:
        metrics: Metrics such as ``hr@1``.
        tolerances_s: Tolerances in seconds; None accepts any time in the right track.
        index: Index of the rankings.
        distractors: Kind of distractors of the rankings.
        generator: Generator of the rankings.
        n_distractors: Size at which systems are ranked.
    """

    metrics: Sequence[str] = ()
    tolerances_s: Sequence[float | None] = ()
    index: str | None = None
    distractors: DistractorKind | None = None
    generator: str | None = None
    n_distractors: int | None = None

    def has(self, curve: Curve) -> bool:
        """Whether a curve is of a ranking, by its metric and tolerance."""
        return (not self.metrics or curve.metric in self.metrics) and (
            not self.tolerances_s or curve.tolerance_s in self.tolerances_s
        )

    def ranks(self, search: Search) -> bool:
        """Whether a ranking may be of a search."""
        return (
            self.index in (None, search.index)
            and self.distractors in (None, search.distractors)
            and self.generator in (None, search.generator)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """The curves of one search.

    Args:
        by_system: Curves of each system.
    """

    search: Search
    by_system: BySystem

    def systems_by_size(self, *, searched: bool) -> Counter[int]:
        """How many systems have each size."""
        counts = Counter[int]()
        for curves in self.by_system.values():
            points = (point for one in curves for point in one.curve.points)
            counts.update(
                {p.n_distractors for p in points if not searched or p.found == "searched"}
            )
        return counts

    def sizes(self) -> set[int]:
        """All sizes of its curves."""
        curves = (one.curve for of_system in self.by_system.values() for one in of_system)
        return {point.n_distractors for curve in curves for point in curve.points}


def search_of(result: Result, curve: Curve) -> Search:
    """The search that a curve is of."""
    generator = result.generator.name if result.generator else None
    return Search(
        index=curve.index,
        distractors=curve.distractors,
        generator=generator if curve.distractors == "synthetic" else None,
    )


def contests(candidates: Iterable[Candidate]) -> list[Contest]:
    """The curves by search, and by system."""
    found: dict[Search, dict[SystemKey, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for one in candidates:
        found[search_of(one.entry.result, one.curve)][one.entry.system].append(one)
    return [
        Contest(search=search, by_system={key: by_system[key] for key in sorted(by_system)})
        for search, by_system in sorted(found.items(), key=lambda pair: repr(pair[0]))
    ]


def choose_contest(found: Sequence[Contest], wanted: Wanted) -> tuple[Contest, int] | None:
    """The search that a ranking is of, and the size at which it ranks.

    It is the largest size that was searched and that more than half of all systems share, of the
    search that most of them share it in, of equal ones that with the most sizes. Where no size is
    shared so widely, it is the one that most systems share.

    Returns:
        None if nothing is left of what is wanted.
    """
    systems = {key for contest in found for key in contest.by_system}
    choices = [
        (worth, -place, size)
        for place, contest in enumerate(found)
        if wanted.ranks(contest.search)
        for size, worth in _worth(contest, len(systems), wanted.n_distractors).items()
    ]
    if not choices:
        return None
    _, place, size = max(choices)
    return found[-place], size


def _worth(contest: Contest, systems: int, wanted: int | None) -> dict[int, tuple[int, ...]]:
    """How good it is to rank by a search at each size that may be wanted."""
    everywhere = contest.systems_by_size(searched=False)
    counts = everywhere if wanted is not None else contest.systems_by_size(searched=True)
    like_real, breadth = not _is_unlike_real(contest), everywhere.total()
    is_exact = contest.search.index == "exact"
    found: dict[int, tuple[int, ...]] = {}
    for size in counts if wanted is None else {wanted} & counts.keys():
        shared = 2 * counts[size] > systems
        most = size if shared else 0
        found[size] = (shared, most, counts[size], size, like_real, is_exact, breadth)
    return found


def _is_unlike_real(contest: Contest) -> bool:
    """Whether most systems have a generator whose fidelity is beyond the limits."""
    if contest.search.distractors == "real":
        return False
    far = [
        any(find_result_deviation(one.entry.result) is not None for one in curves)
        for curves in contest.by_system.values()
    ]
    return 2 * sum(far) > len(far)
