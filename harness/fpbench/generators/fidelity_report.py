"""Measures fidelity: each statistic with its noise floor and baselines.

Real fingerprints that no generator was fitted to are split *by track* into a judge half and a
floor half. The floor half, the synthetic set and the baselines are reduced to equal size and
compared with the judge half in the same way. A perfect generator scores like the floor half, not 0.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.files import json_safe
from fpbench.generators import fidelity
from fpbench.generators.expected_hit_rates import (
    HitRates,
    MatchedQueries,
    expected_hit_rates,
)
from fpbench.generators.fidelity_limits import FLOOR
from fpbench.plugin.fingerprinters import Vectors
from fpbench.randomness import Stream, rng_at

PAIRS = 200_000

MIN_ROWS = fidelity.PROFILE_K[0]
"""Minimum rows of a set, so that it fills the smallest neighbourhood of the dimension profile."""

MIN_TRACKS = 4
"""Minimum real tracks: two in each half, so that there are pairs of different tracks."""


class TooFewError(ValueError):
    """There are too few tracks, rows or queries to measure fidelity; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics of one set, compared with the judge half.

    Args:
        frechet: Frechet distance, see :func:`fpbench.generators.fidelity.frechet_distance`.
        js_marginal: Divergence of marginals in bits, see
            :func:`fpbench.generators.fidelity.marginal_divergence`.
        js_similarity: Divergence of similarities in bits, see
            :func:`fpbench.generators.fidelity.similarity_divergence`. Pairs of real fingerprints
            are from different tracks.
        precision: Share of draws near a judge, see :class:`fpbench.generators.fidelity.Manifold`.
        recall: Share of judges near a draw.
        density: Density of judges around draws; about 1 is good.
        coverage: Share of judges with a draw nearby.
        nearest_distance: Median distance from a judge to its nearest draw. The nearest-neighbour
            gap is this minus the value of the floor half.
        local_dimension: Intrinsic dimension of the draws around judges, for neighbourhoods of
            :data:`fpbench.generators.fidelity.PROFILE_K` rows, smallest first.
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
    """Whether the draws of a set are nearer to the fitted fingerprints than to other tracks.

    Args:
        nearer_training: Share of draws whose nearest fitted fingerprint is nearer than their
            nearest held-out one, among equally many of both; 0.5 if there is no copying.
        distance_training: Median distance to the nearest fitted fingerprint.
        distance_held_out: Median distance to the nearest held-out fingerprint.

    Source: after Meehan et al. 2020, "A non-parametric test to detect data-copying in generative
        models", arXiv 2004.05675.
    """

    nearer_training: float
    distance_training: float
    distance_held_out: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityReport:
    """All measurements of all sets; the floor half is called ``real``.

    Args:
        rows: Rows of each set that are compared.
        tracks: Number of real tracks in the judge half and the floor half together.
        splits: Number of splits of the real tracks into halves.
        statistics: Statistics of each set, mean over splits.
        spread: Standard deviation of the statistics over splits.
        copying: Copying of each set; empty without the fitted fingerprints.
        hit_rates: Expected hit rates within the tolerance; None without queries.
        hit_rates_in_track: The same where any time in the right track matches; None if the matches
            are unknown.
    """

    rows: int
    tracks: int
    splits: int
    statistics: Mapping[str, Statistics]
    spread: Mapping[str, Statistics]
    copying: Mapping[str, Copying]
    hit_rates: HitRates | None
    hit_rates_in_track: HitRates | None = None

    def to_json(self) -> dict[str, object]:
        """The fidelity block of a result; NaN and infinity become None, as JSON requires."""
        return {key: json_safe(value) for key, value in dataclasses.asdict(self).items()}


def measure_fidelity(
    real: Float32[np.ndarray, "real dim"],
    tracks: Int64[np.ndarray, " real"],
    synthetic: Mapping[str, np.ndarray],
    *,
    seed: int,
    splits: int = 4,
    max_rows: int = 10_000,
    training: Float32[np.ndarray, "training dim"] | None = None,
    distractors: tuple[np.ndarray, np.ndarray] | None = None,
    queries: MatchedQueries | None = None,
    matches_in_track: fidelity.MatchRows | None = None,
) -> FidelityReport:
    """Compare synthetic sets with real fingerprints that no generator was fitted to.

    Args:
        real: Held-out fingerprints.
        tracks: Track of each row of ``real``.
        synthetic: Synthetic sets by name, each with independent rows.
        seed: Seed of the splits and subsets.
        splits: Number of splits of the real tracks into halves.
        max_rows: Maximum rows per set. The time for distances grows with its square.
        training: Fingerprints that the generators were fitted to, for :class:`Copying`.
        distractors: Real distractors for hit rates, and their tracks; None takes ``real``. Here
            they may include ``training``.
        queries: Queries for hit rates, with their matches within the tolerance.
        matches_in_track: Their matches anywhere in the right track.

    Raises:
        TooFewError: Too few tracks, rows or queries.
    """
    halves = judge_splits(tracks, seed=seed, splits=splits)
    _refuse_too_few(synthetic, training, queries)
    smallest = min(len(rows) for pair in halves for rows in pair)
    rows = min([max_rows, smallest, *(len(draws) for draws in synthetic.values())])
    scores: dict[str, list[Statistics]] = {name: [] for name in (FLOOR, *synthetic)}
    for split, pair in enumerate(halves):
        rng = rng_at(seed, Stream.FIDELITY, split, 1)
        judge, floor = (_select(real, tracks, _sample_rows(half, rows, rng)) for half in pair)
        scores[FLOOR].append(_compare(judge, floor, rng))
        for name, draws in synthetic.items():
            numbers = _sample_rows(np.arange(len(draws)), rows, rng)
            scores[name].append(_compare(judge, _Set(draws[numbers], numbers), rng))
    copying_rng = rng_at(seed, Stream.FIDELITY, splits)

    def hit_rates(matches: fidelity.MatchRows | None) -> HitRates | None:
        if queries is None or matches is None:
            return None
        among, its_tracks = distractors or (real, tracks)
        split = judge_splits(its_tracks, seed=seed, splits=splits)
        return expected_hit_rates(among, split, synthetic, replace(queries, matches=matches))

    return FidelityReport(
        rows=rows,
        tracks=len(np.unique(tracks)),
        splits=splits,
        statistics={name: _summarise(each, np.mean) for name, each in scores.items()},
        spread={name: _summarise(each, np.std) for name, each in scores.items()},
        copying={}
        if training is None
        else _copying(real, halves[0], synthetic, training, rng=copying_rng, max_rows=max_rows),
        hit_rates=hit_rates(queries.matches if queries else None),
        hit_rates_in_track=hit_rates(matches_in_track),
    )


def judge_splits(
    tracks: Int64[np.ndarray, " real"], *, seed: int, splits: int = 4
) -> list[tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]]:
    """Split the real tracks into halves several times.

    Returns:
        Row numbers of both halves of each split.

    Raises:
        TooFewError: Too few tracks or rows.
    """
    if len(np.unique(tracks)) < MIN_TRACKS:
        raise TooFewError(f"{len(np.unique(tracks))} real tracks, {MIN_TRACKS} needed")
    halves = [halve_tracks(tracks, rng_at(seed, Stream.FIDELITY, split)) for split in range(splits)]
    for part in (part for pair in halves for part in pair):
        if len(part) < MIN_ROWS:
            raise TooFewError(
                f"{len(tracks)} real rows give a half of {len(part)}, {MIN_ROWS} needed"
            )
        if len(np.unique(tracks[part])) < 2:
            raise TooFewError(f"{len(part)} rows of a real half are all of one track, 2 needed")
    return halves


def _refuse_too_few(
    synthetic: Mapping[str, np.ndarray],
    training: np.ndarray | None,
    queries: MatchedQueries | None,
) -> None:
    for name, draws in synthetic.items():
        if len(draws) < MIN_ROWS:
            raise TooFewError(f"{len(draws)} rows of {name}, {MIN_ROWS} needed")
    if training is not None and len(training) == 0:
        raise TooFewError("no fingerprints that the generator was fitted to")
    if queries is not None and len(queries.vectors) == 0:
        raise TooFewError("no queries")


def halve_tracks(
    tracks: Int64[np.ndarray, " batch"], rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]:
    """Split tracks into two halves with about equally many rows; return the row numbers.

    Tracks come in random order; each goes to the half that has fewer rows so far.
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


def _compare(judge: _Set, draws: _Set, rng: np.random.Generator) -> Statistics:
    overlap = fidelity.manifold(judge.vectors, draws.vectors)
    sizes = [k for k in fidelity.PROFILE_K if k <= len(draws.vectors)]
    distances = fidelity.nearest_distances(judge.vectors, draws.vectors, max(sizes))
    first, second = (
        fidelity.pair_similarities(each.vectors, each.tracks, PAIRS, rng) for each in (judge, draws)
    )
    return Statistics(
        frechet=fidelity.frechet_distance(judge.vectors, draws.vectors),
        js_marginal=fidelity.marginal_divergence(judge.vectors, draws.vectors),
        js_similarity=fidelity.similarity_divergence(first, second),
        precision=overlap.precision,
        recall=overlap.recall,
        density=overlap.density,
        coverage=overlap.coverage,
        nearest_distance=float(np.median(distances[:, 0])),
        local_dimension=tuple(fidelity.local_dimension(distances[:, :k]) for k in sizes),
    )


def _summarise(splits: Sequence[Statistics], summary: Callable[..., np.ndarray]) -> Statistics:
    # Copies of one row have infinite dimension, and the spread of infinite values is NaN.
    with np.errstate(invalid="ignore"):
        columns = {
            field.name: summary([getattr(split, field.name) for split in splits], axis=0)
            for field in dataclasses.fields(Statistics)
        }
    profile = tuple(float(x) for x in columns.pop("local_dimension"))
    return Statistics(**{n: float(x) for n, x in columns.items()}, local_dimension=profile)


def _copying(
    real: Float32[np.ndarray, "real dim"],
    halves: tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]],
    synthetic: Mapping[str, np.ndarray],
    training: Float32[np.ndarray, "training dim"],
    *,
    rng: np.random.Generator,
    max_rows: int,
) -> dict[str, Copying]:
    """Measure copying. The floor half shows the values of a generator that cannot copy."""
    judge, floor = halves
    rows = min(len(training), len(judge), max_rows)
    fitted = training[_sample_rows(np.arange(len(training)), rows, rng)]
    held_out = real[_sample_rows(judge, rows, rng)]
    copying = {}
    for name, draws in {FLOOR: real[floor], **synthetic}.items():
        sample = draws[_sample_rows(np.arange(len(draws)), min(len(floor), max_rows), rng)]
        to_fitted = fidelity.nearest_distances(sample, fitted, 1)[:, 0]
        to_held_out = fidelity.nearest_distances(sample, held_out, 1)[:, 0]
        copying[name] = Copying(
            nearer_training=float((to_fitted < to_held_out).mean()),
            distance_training=float(np.median(to_fitted)),
            distance_held_out=float(np.median(to_held_out)),
        )
    return copying


def _sample_rows(
    rows: np.ndarray, max_rows: int, rng: np.random.Generator
) -> Int64[np.ndarray, " sampled"]:
    """Draw at most ``max_rows`` row numbers without replacement, in ascending order."""
    return rows if len(rows) <= max_rows else np.sort(rng.choice(rows, max_rows, replace=False))
