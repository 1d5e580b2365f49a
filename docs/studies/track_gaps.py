"""Hit-rate gaps of runs of synthetic tracks, for synthetic_tracks.py."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fpbench.files import atomic_file
from fpbench.generators.expected_hit_rates import MatchedQueries, RealDistractors, sizes_up_to
from fpbench.generators.fidelity import best_among_reference, count_better
from fpbench.generators.fidelity_report import JudgingSet, judge_splits
from fpbench.generators.gap_errors import ClusteredCounts, draw_blocks, gap_error
from fpbench.search.sequences import Runs, run_starts

REAL = "real"
INDEPENDENT = "independent draws of the flow"
SHARE = 1 / 3  # of the gap of independent draws, which is what tracks may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Fingerprints of tracks, and the groups that tracks are of."""

    rows: np.ndarray
    stretches: np.ndarray
    groups: np.ndarray

    def runs(self, length: int) -> tuple[Runs, np.ndarray]:
        """The runs of a length, and the first row of each."""
        starts = run_starts(self.stretches, np.ones(len(self.rows), dtype=bool), length)
        return Runs(self.rows, starts, length), starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many runs of each set beat each query, for each tolerance one query after the other.

    Args:
        truth: Score of each query's match.
        better: How many rows of the reference beat it.
        sets: Counts of each set, in blocks; those of the real runs in parts.
        cluster_of_part: Group of each part of the real runs.
        halves: Parts of two halves of the real runs, for each split.
    """

    truth: np.ndarray
    better: np.ndarray
    sets: Mapping[str, ClusteredCounts]
    cluster_of_part: np.ndarray
    halves: Sequence[tuple[np.ndarray, np.ndarray]]


def count_sets(
    real: Tracks,
    sets: Mapping[str, Callable[[], Tracks]],
    queries: Mapping[int, MatchedQueries],
    folder: Path,
) -> dict[int, Counts]:
    """Count the runs of each set that beat each query, for each length.

    Counts are kept in ``folder``: a set whose counts are there is not drawn again.

    Args:
        real: Real tracks that no generator was fitted to.
        sets: Draws the tracks of each generator.
        queries: By fingerprints in a query.
    """
    found = {}
    for length, asked in queries.items():
        scored = [
            best_among_reference(asked.vectors, asked.reference, rows)
            for rows in asked.matches.values()
        ]
        truth, better = (np.concatenate(each) for each in zip(*scored, strict=True))
        runs, starts = real.runs(length)
        of_run, group = real.stretches[starts], real.groups[starts]
        halves, _ = judge_splits(
            JudgingSet(vectors=real.rows[:0], tracks=of_run, groups=group), seed=0
        )
        among = RealDistractors(vectors=real.rows[:0], tracks=of_run, clusters=group, halves=halves)
        part, cluster_of_part = among.parts()
        path = folder / f"{length}-{REAL}.npz"
        if not path.exists():
            _count(runs, part, asked, truth, path)
        found[length] = Counts(
            truth=truth,
            better=better,
            sets={REAL: _read(path)},
            cluster_of_part=cluster_of_part,
            halves=[tuple(np.unique(part[half]) for half in pair) for pair in halves],
        )
    for name, draw in sets.items():
        paths = {length: folder / f"{length}-{name.replace(' ', '-')}.npz" for length in queries}
        missing = [length for length, path in paths.items() if not path.exists()]
        tracks = draw() if missing else real
        for length in missing:
            runs, _ = tracks.runs(length)
            blocks = draw_blocks(len(runs), independent=False)
            _count(runs, blocks, queries[length], found[length].truth, paths[length])
        for length, path in paths.items():
            counts = {**found[length].sets, name: _read(path)}
            found[length] = replace(found[length], sets=counts)
    return found


def _count(
    runs: Runs, part: np.ndarray, asked: MatchedQueries, truth: np.ndarray, path: Path
) -> None:
    vectors = np.tile(asked.vectors, (len(asked.matches), 1))
    better = count_better(vectors, truth, runs, part)
    with atomic_file(path) as file:
        np.savez_compressed(file, better=better, rows=np.bincount(part))
    print(f"{path.stem}: {len(runs)} runs", flush=True)


def _read(path: Path) -> ClusteredCounts:
    with np.load(path) as kept:
        return ClusteredCounts(kept["better"], kept["rows"])


def measure_gaps(counts: Counts, asked: MatchedQueries, queries: int) -> dict[str, dict]:
    """HR@1 and gaps of every set for each tolerance, and whether they are within :data:`SHARE`."""
    whole = {**counts.sets, REAL: counts.sets[REAL].merge(counts.cluster_of_part)}
    sizes = sizes_up_to(min(each.total for each in whole.values()))
    sizes = [size for size in sizes if size >= sizes[-1] / 50 and size >= 1_000]
    documents = {}
    for number, tolerance_s in enumerate(asked.matches):
        of_tolerance = slice(number * queries, (number + 1) * queries)

        def select(each: ClusteredCounts, part: slice = of_tolerance) -> ClusteredCounts:
            return ClusteredCounts(each.better[:, part], each.rows)

        own = {name: select(each) for name, each in whole.items()}
        allowed = -np.minimum(counts.better[of_tolerance], 1)
        parts = select(counts.sets[REAL])
        floor = [[parts.select(half) for half in pair] for pair in counts.halves]
        name = "track" if tolerance_s is None else f"{tolerance_s} s"
        documents[name] = {
            "sizes": sizes,
            **_rates(own, sizes, allowed, asked.known_clusters()),
            "floor": [_floor(floor, size, allowed) for size in sizes],
        }
    return documents


def _floor(halves: Sequence[Sequence[ClusteredCounts]], size: int, allowed: np.ndarray) -> float:
    """Difference between two halves, root mean square over splits; halves are smaller."""
    used = min(size, *(half.total for pair in halves for half in pair))
    rates = [[half.hits([used], allowed).mean() for half in pair] for pair in halves]
    return math.sqrt(np.mean([(first - second) ** 2 for first, second in rates]))


def _rates(
    sets: Mapping[str, ClusteredCounts],
    sizes: Sequence[int],
    allowed: np.ndarray,
    clusters: np.ndarray,
) -> dict[str, dict[str, list[float | None]]]:
    hits = {name: each.hits(sizes, allowed) for name, each in sets.items()}
    gaps = {name: each - hits[REAL] for name, each in hits.items() if name != REAL}
    excess = {name: each - SHARE * gaps[INDEPENDENT] for name, each in gaps.items()}
    errors: dict[str, list[float | None]] = {name: [] for name in gaps}
    excess_errors: dict[str, list[float | None]] = {name: [] for name in gaps}
    for place, size in enumerate(sizes):
        influences = {name: each.influences(size, allowed) for name, each in sets.items()}
        real, independent = influences[REAL], influences[INDEPENDENT]
        # A common change of the real runs changes the gap by as much, and its excess by the rest.
        of_draws = gap_error(
            np.zeros(len(allowed)), np.zeros_like(real), SHARE * independent, clusters
        )
        for name, gap in gaps.items():
            own = influences[name]
            errors[name].append(gap_error(gap[place], real, own, clusters))
            alone = gap_error(excess[name][place], (1 - SHARE) * real, own, clusters)
            known = None if alone is None else math.hypot(alone, of_draws or 0.0)
            excess_errors[name].append(known)

    def mean(values: Mapping[str, np.ndarray]) -> dict[str, list[float | None]]:
        return {name: each.mean(axis=1).tolist() for name, each in values.items()}

    return {
        "hit_rate": mean(hits),
        "gap": mean(gaps),
        "gap_error": errors,
        "excess": mean(excess),
        "excess_error": excess_errors,
    }
