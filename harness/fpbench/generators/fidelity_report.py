"""Fidelity so that it cannot flatter: every statistic beside its noise floor and baselines.

Real fingerprints that no generator was fitted to are split *by track* into a judge half and a
floor half. The floor half, the synthetic set and the baselines, cut to one size, are then measured
against the judge half in the same way. A perfect generator scores like the floor half, not 0.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.files import json_safe
from fpbench.generators import fidelity
from fpbench.plugin.fingerprinters import Vectors
from fpbench.randomness import Stream, rng_at

FLOOR = "real"
"""What the floor half is called among the candidates."""

PAIRS = 200_000

LEAST_ROWS = fidelity.PROFILE_K[0]
"""In a set: below it, no neighbourhood of the local-dimension profile is full."""

LEAST_TRACKS = 4
"""Real ones: two in each half, so that there are pairs of different tracks."""


class TooFewError(ValueError):
    """There is not enough to measure fidelity with; the text says of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What one candidate set scores against the judge half.

    Args:
        frechet: See :func:`fpbench.generators.fidelity.frechet_distance`.
        js_marginal: See :func:`fpbench.generators.fidelity.marginal_divergence`, bits.
        js_similarity: See :func:`fpbench.generators.fidelity.similarity_divergence`, bits; the
            judge's pairs and a real candidate's are of different tracks.
        precision: See :class:`fpbench.generators.fidelity.Manifold`, as for the next three.
        recall: Share of judges.
        density: About 1 is good.
        coverage: Share of judges.
        nearest_distance: Median distance from a judge to its nearest candidate. The
            nearest-neighbour gap is this, less the floor's.
        local_dimension: Of the candidates as the judges see them, for neighbourhoods of
            :data:`fpbench.generators.fidelity.PROFILE_K` rows, smaller ones first.
    """

    frechet: float
    js_marginal: float
    js_similarity: float
    precision: float
    recall: float
    density: float
    coverage: float
    nearest_distance: float
    local_dimension: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Whether a candidate set lies nearer to what a generator was fitted to than to fresh tracks.

    Args:
        nearer_training: Share of its rows whose nearest fitted row is nearer than their nearest
            held-out one, of equally many; 0.5 if fitted and held-out tracks are alike to it.
        distance_training: Median distance to the nearest fitted row.
        distance_held_out: Median distance to the nearest held-out row.

    Source: after Meehan et al. 2020, "A non-parametric test to detect data-copying in generative
        models", arXiv 2004.05675.
    """

    nearer_training: float
    distance_training: float
    distance_held_out: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """Expected hit rates at rank 1: exact search, one-segment queries.

    Args:
        sizes: Numbers of distractors.
        hit_rate: By set, at each size; ``real`` is all held-out rows.
        gap: By synthetic set, its hit rate less that of ``real``.
        gap_error: Standard error of the gap over queries.
        floor: Root mean square, over splits, of the difference between the two real halves; None
            at sizes that a half does not have. Both halves together are nearer to the truth than
            that.
    """

    sizes: tuple[int, ...]
    hit_rate: Mapping[str, tuple[float, ...]]
    gap: Mapping[str, tuple[float, ...]]
    gap_error: Mapping[str, tuple[float, ...]]
    floor: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityReport:
    """Everything measured, by candidate set; the floor is called ``real``.

    Args:
        rows: In each set compared.
        tracks: Real ones, in the judge and the floor half together.
        splits: Of the real tracks into halves; statistics are means over them.
        statistics: Mean over splits.
        spread: Standard deviation over splits.
        copying: Empty where the rows that the generator was fitted to were not given.
        hit_rates: None where no queries were given.
    """

    rows: int
    tracks: int
    splits: int
    statistics: Mapping[str, Statistics]
    spread: Mapping[str, Statistics]
    copying: Mapping[str, Copying]
    hit_rates: HitRates | None

    def to_json(self) -> dict[str, object]:
        """The fidelity block of a result; what is not finite is None, as JSON has no infinity."""
        return {key: json_safe(value) for key, value in dataclasses.asdict(self).items()}


def measure_fidelity(
    real: Float32[np.ndarray, "real dim"],
    tracks: Int64[np.ndarray, " real"],
    candidates: Mapping[str, np.ndarray],
    *,
    seed: int,
    splits: int = 4,
    most_rows: int = 10_000,
    training: Float32[np.ndarray, "training dim"] | None = None,
    queries: Float32[np.ndarray, "queries dim"] | None = None,
    reference: Float32[np.ndarray, "reference dim"] | None = None,
    right: fidelity.RightRows | None = None,
) -> FidelityReport:
    """Measure candidate sets against real fingerprints that nothing was fitted to.

    Args:
        real: Held-out fingerprints.
        tracks: Which track each row of ``real`` is from.
        candidates: Synthetic sets by name; independent rows.
        seed: Of the splits and subsets.
        splits: How often the real tracks are halved anew.
        most_rows: Per set; distances between sets take time that grows with its square.
        training: What the generators were fitted to, for :class:`Copying`.
        queries: Row i is a degraded row i of ``reference``, unless ``right`` says otherwise.
        reference: What they are asked of.
        right: Of each query, where in ``reference`` the rows begin and end that match it.

    Raises:
        TooFewError: Too few tracks, rows or queries.
    """
    halves = judge_splits(tracks, seed=seed, splits=splits)
    _refuse_too_few(candidates, training, queries)
    smallest = min(len(rows) for pair in halves for rows in pair)
    rows = min([most_rows, smallest, *(len(candidate) for candidate in candidates.values())])
    scores: dict[str, list[Statistics]] = {name: [] for name in (FLOOR, *candidates)}
    for split, pair in enumerate(halves):
        rng = rng_at(seed, Stream.FIDELITY, split, 1)
        judge, floor = (_select(real, tracks, _sample_rows(half, rows, rng)) for half in pair)
        scores[FLOOR].append(_compare(judge, floor, rng))
        for name, candidate in candidates.items():
            picked = _sample_rows(np.arange(len(candidate)), rows, rng)
            scores[name].append(_compare(judge, _Set(candidate[picked], picked), rng))
    copying_rng = rng_at(seed, Stream.FIDELITY, splits)
    return FidelityReport(
        rows=rows,
        tracks=len(np.unique(tracks)),
        splits=splits,
        statistics={name: _summarise(each, np.mean) for name, each in scores.items()},
        spread={name: _summarise(each, np.std) for name, each in scores.items()},
        copying={}
        if training is None
        else _copying(real, halves[0], candidates, training, rng=copying_rng, most=most_rows),
        hit_rates=None
        if queries is None or reference is None
        else _hit_rates(
            real, halves, candidates, queries=queries, reference=reference, right=right
        ),
    )


def judge_splits(
    tracks: Int64[np.ndarray, " real"], *, seed: int, splits: int = 4
) -> list[tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]]:
    """Halves of the real tracks, again and again.

    Raises:
        TooFewError: Too few tracks or rows to judge by.
    """
    if len(np.unique(tracks)) < LEAST_TRACKS:
        raise TooFewError(f"{len(np.unique(tracks))} real tracks, {LEAST_TRACKS} needed")
    halves = [halve_tracks(tracks, rng_at(seed, Stream.FIDELITY, split)) for split in range(splits)]
    for part in (part for pair in halves for part in pair):
        if len(part) < LEAST_ROWS:
            raise TooFewError(
                f"{len(tracks)} real rows give a half of {len(part)}, {LEAST_ROWS} needed"
            )
        if len(np.unique(tracks[part])) < 2:
            raise TooFewError(f"{len(part)} rows of a real half are all of one track, 2 needed")
    return halves


def _refuse_too_few(
    candidates: Mapping[str, np.ndarray],
    training: np.ndarray | None,
    queries: np.ndarray | None,
) -> None:
    for name, candidate in candidates.items():
        if len(candidate) < LEAST_ROWS:
            raise TooFewError(f"{len(candidate)} rows of {name}, {LEAST_ROWS} needed")
    if training is not None and len(training) == 0:
        raise TooFewError("no rows that the generator was fitted to")
    if queries is not None and len(queries) == 0:
        raise TooFewError("no queries")


def halve_tracks(
    tracks: Int64[np.ndarray, " batch"], rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]:
    """Rows of two sets of whole tracks, about equally many rows each.

    Tracks come in random order and each goes to the set that is smaller so far.
    """
    names, counts = np.unique(tracks, return_counts=True)
    sides: tuple[list[int], list[int]] = ([], [])
    sizes = [0, 0]
    for i in rng.permutation(len(names)):
        side = int(sizes[1] < sizes[0])
        sides[side].append(names[i])
        sizes[side] += int(counts[i])
    first, second = (np.flatnonzero(np.isin(tracks, side)) for side in sides)
    return first, second


@dataclass(frozen=True, slots=True)
class _Set:
    vectors: Vectors
    tracks: Int64[np.ndarray, " batch"]


def _select(real: Vectors, tracks: Int64[np.ndarray, " batch"], rows: np.ndarray) -> _Set:
    if len(np.unique(tracks[rows])) < 2:
        raise TooFewError(f"{len(rows)} rows of a real half are all of one track, 2 needed")
    return _Set(real[rows], tracks[rows])


def _compare(judge: _Set, candidate: _Set, rng: np.random.Generator) -> Statistics:
    overlap = fidelity.manifold(judge.vectors, candidate.vectors)
    sizes = [k for k in fidelity.PROFILE_K if k <= len(candidate.vectors)]
    distances = fidelity.nearest_distances(judge.vectors, candidate.vectors, max(sizes))
    first, second = (
        fidelity.pair_similarities(one.vectors, one.tracks, PAIRS, rng)
        for one in (judge, candidate)
    )
    return Statistics(
        frechet=fidelity.frechet_distance(judge.vectors, candidate.vectors),
        js_marginal=fidelity.marginal_divergence(judge.vectors, candidate.vectors),
        js_similarity=fidelity.similarity_divergence(first, second),
        precision=overlap.precision,
        recall=overlap.recall,
        density=overlap.density,
        coverage=overlap.coverage,
        nearest_distance=float(np.median(distances[:, 0])),
        local_dimension=tuple(fidelity.local_dimension(distances[:, :k]) for k in sizes),
    )


def _summarise(each: Sequence[Statistics], summary: Callable[..., np.ndarray]) -> Statistics:
    # Copies of one row have infinite dimension, and the spread of infinities is NaN.
    with np.errstate(invalid="ignore"):
        columns = {
            field.name: summary([getattr(one, field.name) for one in each], axis=0)
            for field in dataclasses.fields(Statistics)
        }
    profile = tuple(float(x) for x in columns.pop("local_dimension"))
    return Statistics(**{n: float(x) for n, x in columns.items()}, local_dimension=profile)


def _copying(
    real: Float32[np.ndarray, "real dim"],
    halves: tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]],
    candidates: Mapping[str, np.ndarray],
    training: Float32[np.ndarray, "training dim"],
    *,
    rng: np.random.Generator,
    most: int,
) -> dict[str, Copying]:
    """The floor half stands for a generator that never saw the fitted rows."""
    judge, floor = halves
    rows = min(len(training), len(judge), most)
    fitted = training[_sample_rows(np.arange(len(training)), rows, rng)]
    held_out = real[_sample_rows(judge, rows, rng)]
    found = {}
    for name, candidate in {FLOOR: real[floor], **candidates}.items():
        sample = candidate[_sample_rows(np.arange(len(candidate)), min(len(floor), most), rng)]
        near = fidelity.nearest_distances(sample, fitted, 1)[:, 0]
        far = fidelity.nearest_distances(sample, held_out, 1)[:, 0]
        found[name] = Copying(
            nearer_training=float((near < far).mean()),
            distance_training=float(np.median(near)),
            distance_held_out=float(np.median(far)),
        )
    return found


def _hit_rates(
    real: Float32[np.ndarray, "real dim"],
    halves: Sequence[tuple[np.ndarray, np.ndarray]],
    candidates: Mapping[str, np.ndarray],
    *,
    queries: Float32[np.ndarray, "queries dim"],
    reference: Float32[np.ndarray, "reference dim"],
    right: fidelity.RightRows | None,
) -> HitRates:
    if right is None:
        right = (np.arange(len(queries)), np.arange(len(queries)) + 1)
    truth, best = fidelity.best_among_reference(queries, reference, right)
    pools = {FLOOR: real, **candidates}
    sizes = sizes_up_to(min(len(pool) for pool in pools.values()))

    def chances(pool: np.ndarray, sizes: Sequence[int]) -> Float64[np.ndarray, "sizes queries"]:
        counts = fidelity.count_better(queries, truth, pool)
        hits: Float64[np.ndarray, "sizes queries"] = (
            fidelity.hit_chances(counts, len(pool), sizes) * best
        )
        return hits

    by_pool = {name: chances(pool, sizes) for name, pool in pools.items()}
    gaps = {name: by_pool[name] - by_pool[FLOOR] for name in candidates}
    in_halves = [size for size in sizes if size <= min(len(r) for pair in halves for r in pair)]
    squares = [
        np.square(np.subtract(*(chances(real[part], in_halves).mean(axis=1) for part in pair)))
        for pair in halves
    ]
    floor = np.sqrt(np.mean(squares, axis=0)).tolist()
    return HitRates(
        sizes=tuple(sizes),
        hit_rate={name: tuple(c.mean(axis=1).tolist()) for name, c in by_pool.items()},
        gap={name: tuple(g.mean(axis=1).tolist()) for name, g in gaps.items()},
        gap_error={
            name: tuple((g.std(axis=1) / math.sqrt(len(queries))).tolist())
            for name, g in gaps.items()
        },
        floor=(*floor, *[None] * (len(sizes) - len(floor))),
    )


def sizes_up_to(largest: int) -> list[int]:
    """1, 2 and 5 times powers of ten from 100 on, and the largest itself."""
    steps = (digit * 10**power for power in range(2, 12) for digit in (1, 2, 5))
    return [*(size for size in steps if size < largest), largest]


def _sample_rows(
    rows: np.ndarray, most: int, rng: np.random.Generator
) -> Int64[np.ndarray, " picked"]:
    """At most so many of some row numbers, in ascending order."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
