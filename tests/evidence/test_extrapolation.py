"""Hit rates beyond the searched sizes, on distractors whose tail is known in closed form."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.extrapolation import Extrapolation, extrapolated_interval, refuse_sizes
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.results.document import Curve

SIZE, QUERIES, KEPT, DIM = 100_000, 500, 20, 32
BEYOND = (300_000, 1_000_000, 10_000_000)
EDGES = range(0, SIZE + 1, SIZE // 20)


def cap_score(p: np.ndarray) -> np.ndarray:
    """Inner product of a direction that a uniform one exceeds with probability p."""
    half = (DIM - 1) / 2
    return (2 * stats.beta.isf(p, half, half) - 1).astype(np.float32)


def candidates(scores: np.ndarray) -> Candidates:
    ids = np.where(np.isfinite(scores), np.arange(scores.shape[1]), -1)
    return Candidates(ids, -scores, scores)


def evidence_of(
    p: np.ndarray, edges: Sequence[int] = EDGES, *, wrong: float = -np.inf, seed: int = 0
) -> Evidence:
    """Evidence among uniform directions: a match that one of them beats with probability p.

    Args:
        wrong: Score of the best wrong row of the reference.
    """
    rng, queries = np.random.default_rng(seed), len(p)
    blocks = []
    for start, stop in pairwise(edges):
        rows = stop - start
        best = np.cumsum(rng.exponential(size=(queries, KEPT)), axis=1) / rows
        scores = cap_score(np.minimum(best, 1))
        scores[:, rows:] = -np.inf
        ids = np.tile(np.arange(KEPT), (queries, 1))
        blocks.append(Candidates(np.where(ids < rows, ids, -1), -scores, scores))
    reference = np.full((queries, KEPT + 1), -np.inf, dtype=np.float32)
    reference[:, 0], reference[:, 1] = cap_score(p), wrong
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0
    return Evidence(
        query_track=np.arange(queries),
        reference=candidates(reference),
        distance_s=distance_s,
        match_score=reference[:, 0],
        edges=np.array(edges),
        blocks=blocks,
    )


@pytest.fixture(scope="module")
def spread() -> np.ndarray:
    """Probabilities as those of real queries: spread over many decades."""
    return 10 ** np.random.default_rng(1).uniform(-10, -3, QUERIES)


@pytest.fixture(scope="module")
def evidence(spread: np.ndarray) -> Evidence:
    return evidence_of(spread)


@pytest.fixture(scope="module")
def curve_of() -> Callable[..., Curve]:
    def searched(evidence: Evidence, k: int = 1) -> Curve:
        labels = CurveLabels(
            distractors="real",
            index="exact",
            tolerance_s=0.25,
            query_length_s=1.0,
            n_reference=100,
            hop_s=0.5,
            seed=0,
        )
        size = int(evidence.edges[-1])
        return {c.metric: c for c in hit_rate_curves(evidence, [size], labels)}[f"hr@{k}"]

    return searched


@pytest.mark.parametrize("k", [1, 3, 10])
def test_known_tails_are_continued(evidence: Evidence, spread: np.ndarray, k: int) -> None:
    extrapolation = Extrapolation(evidence, [SIZE])
    for size in BEYOND:
        truth = stats.poisson.cdf(k - 1, size * spread).mean()
        found = extrapolation.hits(size, 0.25, k)
        ci = extrapolated_interval(found, evidence.clusters)
        assert ci.low < truth < ci.high
        assert found.rate == pytest.approx(truth, abs=0.02 if size <= 10**6 else 0.03)


def test_a_curve_says_how_it_goes_on(evidence: Evidence, curve_of: Callable[..., Curve]) -> None:
    curve = curve_of(evidence)
    sizes = BEYOND[:2]
    longer, info = Extrapolation(evidence, [SIZE]).curve(curve, sizes)
    assert [p.found for p in longer.points] == ["searched", *["extrapolated"] * len(sizes)]
    values = [point.value for point in longer.points]
    assert values == sorted(values, reverse=True)
    assert longer.points[-1].hours == pytest.approx((sizes[-1] + 100) * 0.5 / 3600)
    assert info.refused is None
    assert (info.n_from, info.repeats, info.rows) == (SIZE, 1, KEPT)
    assert info.check is not None
    assert (info.check.n_from, info.check.repeats) == (SIZE // 10, 10)
    assert info.check.extrapolated == pytest.approx(info.check.searched, abs=2 * info.check.error)
    assert 0.003 < info.check.error < 0.02
    for point, tails in zip(longer.points[1:], info.tails, strict=True):
        assert (tails.exponential + tails.pareto) / 2 == pytest.approx(point.value)
        width = abs(tails.exponential - tails.pareto)
        assert point.ci.high - point.value >= width
        assert point.ci.high - point.ci.low > curve.points[0].ci.high - curve.points[0].ci.low


def test_the_interval_includes_the_error_of_the_common_shape(evidence: Evidence) -> None:
    found = Extrapolation(evidence, [SIZE]).hits(BEYOND[-1], 0.25, 1)
    assert found.by_shape.sum() == pytest.approx(0, abs=1e-9)
    half = len(evidence.query_track) // 2
    part = replace(
        evidence,
        query_track=evidence.query_track[half:],
        distance_s=evidence.distance_s[half:],
        reference=candidates(evidence.reference.scores[half:]),
        match_score=evidence.match_score[half:],
        blocks=[Candidates(b.ids[half:], b.keys[half:], b.scores[half:]) for b in evidence.blocks],
    )
    # Without the first half, Pareto tails change by as much as these queries' parts say.
    anew = Extrapolation(part, [SIZE]).hits(BEYOND[-1], 0.25, 1)
    rest = found.start + found.pareto
    estimate = (rest.sum() - (rest + found.by_shape)[:half].sum()) / half
    assert anew.start.mean() + anew.pareto.mean() == pytest.approx(estimate, abs=2e-3)


def test_sizes_are_refused_before_any_work() -> None:
    assert "fewer than 100 k" in (refuse_sizes(50_000, [10**6]) or "")
    assert refuse_sizes(10**5, [10**7 + 1]) == "10 M is more than 100 times 100 k"
    assert refuse_sizes(10**5, [10**6, 10**9]) is None


def test_a_curve_ends_where_it_would_go_too_far(
    evidence: Evidence, curve_of: Callable[..., Curve]
) -> None:
    sizes = (10**6, 10**8)
    longer, info = Extrapolation(evidence, [SIZE]).curve(curve_of(evidence), sizes)
    assert [p.n_distractors for p in longer.points] == [SIZE, 10**6]
    assert info.refused == "100 M is more than 100 times 100 k"


def test_another_reason_stands_before_all(
    evidence: Evidence, curve_of: Callable[..., Curve]
) -> None:
    longer, info = Extrapolation(evidence, [SIZE]).curve(curve_of(evidence), BEYOND, "no")
    assert longer == curve_of(evidence)
    assert (info.refused, info.tails, info.check) == ("no", (), None)


def test_a_curve_ends_where_two_models_of_the_tail_differ(
    evidence: Evidence, curve_of: Callable[..., Curve]
) -> None:
    longer, info = Extrapolation(evidence, [SIZE]).curve(curve_of(evidence), BEYOND)
    assert longer.points[-1].n_distractors == BEYOND[-2]
    assert "at 10 M, two models of the tail differ by " in (info.refused or "")


def test_matches_that_are_all_alike_are_refused(curve_of: Callable[..., Curve]) -> None:
    alike = evidence_of(10 ** np.random.default_rng(1).uniform(-6.5, -6, QUERIES))
    longer, info = Extrapolation(alike, [SIZE]).curve(curve_of(alike), (10**6,))
    assert len(longer.points) == 1
    assert info.refused is not None


def test_tails_of_few_rows_are_refused(evidence: Evidence, curve_of: Callable[..., Curve]) -> None:
    # The candidates of one block end high, so that little of the others is known to be complete.
    first, *rest = evidence.blocks
    high = np.sort(first.scores, axis=1)[:, ::-1].copy()
    high[:, :] = np.linspace(0.99, 0.98, KEPT, dtype=np.float32)
    few = replace(evidence, blocks=[candidates(high), *rest])
    extrapolation = Extrapolation(few, [SIZE])
    few_rows = replace(few, blocks=[candidates(np.round(high, 1)), *rest])
    _, info = Extrapolation(few_rows, [SIZE]).curve(curve_of(few_rows), BEYOND)
    assert info.rows == 0
    assert info.refused == "half of the queries have at most 0 distractors in their tail"
    assert extrapolation.check(0.25, 1) is not None


def test_a_tail_that_changes_its_law_is_refused(
    spread: np.ndarray, curve_of: Callable[..., Curve]
) -> None:
    # Matches that fewer than one row in a thousand reaches have a tail; at a tenth of the size it
    # is hidden behind rows that are all equal.
    evidence = evidence_of(spread)
    near = np.float32(cap_score(np.array([1e-9]))[0])
    crowded = []
    for number, block in enumerate(evidence.blocks):
        scores = block.scores.copy()
        if number >= 10:
            scores[:, 0] = near
        crowded.append(Candidates(block.ids, -scores, scores))
    changed = replace(evidence, blocks=crowded)
    _, info = Extrapolation(changed, [SIZE]).curve(curve_of(changed), BEYOND)
    assert "from 10 k, the hit rate at 100 k is predicted" in (info.refused or "")


def test_without_databases_of_a_tenth_it_cannot_be_checked(
    spread: np.ndarray, curve_of: Callable[..., Curve]
) -> None:
    whole = evidence_of(spread[:50], [0, SIZE])
    _, info = Extrapolation(whole, [SIZE]).curve(curve_of(whole), BEYOND)
    assert (
        info.refused == "no database of a tenth of the distractors was searched, to check it with"
    )


def test_one_block_gives_nineteen_rows(spread: np.ndarray) -> None:
    found = Extrapolation(evidence_of(spread, [0, SIZE]), [SIZE]).hits(10**6, 0.25, 1)
    assert found.rate == pytest.approx(np.exp(-(10**6) * spread).mean(), abs=0.02)


def test_a_block_smaller_than_a_shortlist_is_complete(spread: np.ndarray) -> None:
    edges = [*range(0, SIZE, SIZE // 20), SIZE - 7, SIZE]
    found = Extrapolation(evidence_of(spread, sorted(set(edges))), [SIZE]).hits(10**6, 0.25, 1)
    assert found.rate == pytest.approx(np.exp(-(10**6) * spread).mean(), abs=0.02)


def test_queries_that_miss_in_the_reference_miss_beyond(spread: np.ndarray) -> None:
    lost = Extrapolation(evidence_of(spread[:50], wrong=1.0), [SIZE])
    assert lost.hits(10**6, 0.25, 1).rate == 0
    assert lost.hits(10**6, 0.25, 3).rate > 0
    interval = extrapolated_interval(lost.hits(10**6, 0.25, 1), np.arange(50))
    assert interval.low == 0
    assert interval.high < 0.1


def test_a_match_at_the_threshold_stays_a_miss(spread: np.ndarray) -> None:
    common = np.full(50, 1e-2)  # a thousand rows are better
    found = Extrapolation(evidence_of(common), [SIZE]).hits(10**6, 0.25, 10)
    assert found.rate == 0
    assert not found.exponential.any()


def test_few_groups_have_no_interval(evidence: Evidence) -> None:
    found = Extrapolation(evidence, [SIZE]).hits(10**6, 0.25, 1)
    interval = extrapolated_interval(found, np.arange(QUERIES) % 4)
    assert (interval.low, interval.high) == (0, 1)
