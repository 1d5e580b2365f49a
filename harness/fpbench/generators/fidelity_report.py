"""Measures fidelity: each statistic with its noise floor and baselines.

Real fingerprints that no generator was fitted to are split *by group* of tracks, or by track, into
a judge half and a floor half. The floor half, the synthetic set and the baselines are reduced to
equal size and compared with the judge half in the same way.

The floor is what real fingerprints of as many other tracks score. It is no target that a perfect
generator would hit: its draws are independent, as if each were from another track, while rows of
the floor half come in tracks. Independent rows of real music have a higher coverage and recall, and
a smaller Frechet distance.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.generators import fidelity
from fpbench.generators.expected_hit_rates import (
    MatchedQueries,
    RealDistractors,
    expected_hit_rates,
)
from fpbench.generators.fidelity_limits import find_alarms
from fpbench.generators.gap_errors import merge_clusters
from fpbench.generators.sequence_fidelity import (
    Halves,
    LengthQueries,
    TrackSet,
    rates_by_length,
    similarities_by_lag,
)
from fpbench.plugin.fingerprinters import Vectors
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import FLOOR, Copying, Fidelity, Judges, Statistics
from fpbench.results.lengths import QueryLength

logger = getLogger(__name__)

PAIRS = 200_000

MIN_ROWS = fidelity.PROFILE_K[0]
"""Minimum rows of a set, so that it fills the smallest neighbourhood of the dimension profile."""

MIN_TRACKS = 4
"""Minimum real tracks: two in each half, so that there are pairs of different tracks."""

SMALLEST_HALF = 0.25
"""Minimum share of the rows in either half, if groups are not divided."""


class TooFewError(ValueError):
    """There are too few tracks, rows or queries to measure fidelity; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingSet:
    """Real fingerprints that no generator was fitted to.

    Args:
        vectors: Their fingerprints.
        tracks: Track of each row.
        groups: Group of each row's track; None if no groups are known.
        judged_by: Which of all real fingerprints they are, for the report.
    """

    vectors: Float32[np.ndarray, "real dim"]
    tracks: Int64[np.ndarray, " real"]
    groups: Int64[np.ndarray, " real"] | None = None
    judged_by: Judges = "held-out tracks"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSets:
    """Tracks, and runs as long as the longest queries if these have several fingerprints.

    Args:
        judging: Runs of held-out tracks; None if all queries are single fingerprints.
        synthetic: Synthetic runs by name, those of a track side by side; none in that case.
        real_tracks: The held-out tracks; their rows are those of single fingerprints.
        drawn_tracks: Synthetic tracks by name.
        length: Length of the longest queries.
        hop_s: Time between neighbouring fingerprints.
    """

    judging: JudgingSet | None
    synthetic: Mapping[str, np.ndarray]
    real_tracks: TrackSet
    drawn_tracks: Mapping[str, TrackSet]
    length: QueryLength
    hop_s: float


def measure_fidelity(
    judging: JudgingSet,
    synthetic: Mapping[str, np.ndarray],
    *,
    seed: int,
    splits: int = 4,
    max_rows: int = 10_000,
    training: Float32[np.ndarray, "training dim"] | None = None,
    queries: MatchedQueries | None = None,
    runs: RunSets | None = None,
    by_length: Iterable[LengthQueries] = (),
) -> Fidelity:
    """Compare synthetic sets with real fingerprints that no generator was fitted to.

    Args:
        judging: Held-out fingerprints. They are also the real distractors of the hit rates.
        synthetic: Synthetic sets by name, each with independent rows.
        seed: Seed of the splits and subsets.
        splits: Number of splits of the real tracks into halves.
        max_rows: Maximum rows per set. The time for distances grows with its square.
        training: Fingerprints that the generators were fitted to, for :class:`Copying`.
        queries: Queries for hit rates, with their matches for each tolerance: single fingerprints,
            or as long as the runs.
        runs: Tracks to compare, and runs to measure the hit rates among of queries of several
            fingerprints.
        by_length: Queries of other lengths, for hit rates among the runs.

    Raises:
        TooFewError: Too few tracks, rows or queries.
    """
    halves, by_group = judge_splits(judging, seed=seed, splits=splits)
    _refuse_too_few(synthetic, training, queries)
    scores, rows = _scores(judging, halves, synthetic, seed=seed, max_rows=max_rows)
    hit_rates = real_clusters = sequences = None
    among, draws, of_runs = _real_distractors(judging, halves), synthetic, False
    if runs is not None:
        sequences = similarities_by_lag(runs.real_tracks, runs.drawn_tracks, halves, runs.hop_s)
    if runs is not None and runs.judging is not None and sequences is not None:
        parts, _ = judge_splits(runs.judging, seed=seed, splits=splits)
        among_runs = _real_distractors(runs.judging, parts)
        rates = rates_by_length(among_runs, runs.synthetic, by_length, runs.length)
        sequences = replace(sequences, shorter=rates)
        if queries is not None and queries.vectors.shape[1] == among_runs.vectors.shape[1]:
            among, draws, of_runs = among_runs, runs.synthetic, True
    if queries is not None:
        real_clusters = _count(merge_clusters(among.clusters))
        hit_rates = expected_hit_rates(among, draws, queries, independent=not of_runs)
    report = Fidelity(
        rows=rows,
        tracks=len(np.unique(judging.tracks)),
        splits=splits,
        statistics={name: _summarise(each, np.mean) for name, each in scores.items()},
        spread={name: _summarise(each, np.std) for name, each in scores.items()},
        copying={}
        if training is None
        else _copying(
            judging.vectors,
            halves[0],
            synthetic,
            training,
            rng=rng_at(seed, Stream.FIDELITY, splits),
            max_rows=max_rows,
        ),
        hit_rates=hit_rates,
        judged_by=judging.judged_by,
        groups=_count(judging.groups) if by_group and judging.groups is not None else None,
        query_clusters=None if queries is None else len(np.unique(queries.known_clusters())),
        real_clusters=real_clusters,
        marginal_bins=fidelity.MARGINAL_BINS,
        similarity_bins=fidelity.SIMILARITY_BINS,
        similarity_pairs=PAIRS,
        sequences=sequences,
    )
    return replace(report, alarms=find_alarms(report) or ())


def _scores(
    judging: JudgingSet,
    halves: Sequence[tuple[np.ndarray, np.ndarray]],
    synthetic: Mapping[str, np.ndarray],
    *,
    seed: int,
    max_rows: int,
) -> tuple[dict[str, list[Statistics]], int]:
    """Statistics of every set for each split, and the rows of each set."""
    smallest = min(len(rows) for pair in halves for rows in pair)
    rows = min([max_rows, smallest, *(len(draws) for draws in synthetic.values())])
    scores: dict[str, list[Statistics]] = {name: [] for name in (FLOOR, *synthetic)}
    for split, pair in enumerate(halves):
        rng = rng_at(seed, Stream.FIDELITY, split, 1)
        judge, floor = (
            _select(judging.vectors, judging.tracks, _sample_rows(half, rows, rng)) for half in pair
        )
        scores[FLOOR].append(_compare(judge, floor, rng))
        for name, draws in synthetic.items():
            numbers = _sample_rows(np.arange(len(draws)), rows, rng)
            scores[name].append(_compare(judge, _Set(draws[numbers], numbers), rng))
    return scores, rows


def judge_splits(
    judging: JudgingSet, *, seed: int, splits: int = 4
) -> tuple[list[tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]], bool]:
    """Split real fingerprints into halves several times.

    No group is in both halves of a split, if there are enough groups.

    Returns:
        Row numbers of both halves of each split, and whether groups were left whole.

    Raises:
        TooFewError: Too few tracks or rows.
    """
    tracks = judging.tracks
    if len(np.unique(tracks)) < MIN_TRACKS:
        raise TooFewError(f"{len(np.unique(tracks))} real tracks, {MIN_TRACKS} needed")
    rngs = [rng_at(seed, Stream.FIDELITY, split) for split in range(splits)]
    if judging.groups is not None and _count(judging.groups) >= MIN_TRACKS:
        halves = [halve_tracks(judging.groups, rng) for rng in rngs]
        if all(_is_fair(pair, tracks) for pair in halves):
            return halves, True
    if judging.groups is not None:
        logger.warning(
            "the tracks that judge the generator are of %d groups, too few or too unequal to "
            "divide them by group: its noise floor is between tracks that are partly of the same "
            "groups, and thus too low",
            _count(judging.groups),
        )
    rngs = [rng_at(seed, Stream.FIDELITY, split) for split in range(splits)]
    halves = [halve_tracks(tracks, rng) for rng in rngs]
    for part in (part for pair in halves for part in pair):
        if len(part) < MIN_ROWS:
            raise TooFewError(
                f"{len(tracks)} real rows give a half of {len(part)}, {MIN_ROWS} needed"
            )
        if len(np.unique(tracks[part])) < 2:
            raise TooFewError(f"{len(part)} rows of a real half are all of one track, 2 needed")
    return halves, False


def _real_distractors(judging: JudgingSet, halves: Halves) -> RealDistractors:
    clusters = judging.tracks if judging.groups is None else judging.groups
    return RealDistractors(
        vectors=judging.vectors, tracks=judging.tracks, clusters=clusters, halves=halves
    )


def _count(values: Int64[np.ndarray, " rows"]) -> int:
    return len(np.unique(values))


def _is_fair(pair: tuple[np.ndarray, np.ndarray], tracks: np.ndarray) -> bool:
    """Whether both halves have rows and tracks enough."""
    least = max(MIN_ROWS, SMALLEST_HALF * len(tracks))
    return all(len(part) >= least and len(np.unique(tracks[part])) > 1 for part in pair)


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
    profile = tuple(float(x) if np.isfinite(x) else None for x in columns.pop("local_dimension"))
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
