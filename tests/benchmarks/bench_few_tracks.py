"""How often the correction for few tracks of distractors holds, on tracks that are really alike.

python tests/benchmarks/bench_few_tracks.py --vectors DIR --queries FILE.npz --system NAME

DIR holds .npz files of fingerprints with an array NAME of tracks x rows x dims. FILE.npz holds the
fingerprints of queries, ``q``, and for the tolerances ``near`` and ``track`` the scores of their
matches, ``s_*``, and whether these come first in the reference alone, ``ok_*``. The truth is the
rate among as many fingerprints of all tracks, corrected for their number; samples of tracks are
then drawn from them. The tables are in docs/explanation/intervals.md.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import stdtrit
from tabulate import tabulate

from fpbench.evidence.few_tracks import (
    ClusteredDistractors,
    Excess,
    RowsAbove,
    excess_of_rates,
    hit_probabilities,
)

SAMPLES = ((46, 0.85), (85, 0.85), (200, 0.2), (200, 0.85), (200, 1.0), (500, 0.85))
"""Numbers of tracks, and the share of their fingerprints in a database."""

LEVEL = 0.95


def main() -> None:
    """Print the mean error and the coverage of plain and corrected rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--system", required=True)
    parser.add_argument("--samples", type=int, default=100)
    given = parser.parse_args()
    rows = []
    for tolerance in ("near", "track"):
        above, per_track = count_above(given.vectors, given.queries, given.system, tolerance)
        allowed = np.where(np.load(given.queries)[f"ok_{tolerance}"], 0, -1)
        for tracks, share in SAMPLES:
            if 3 * tracks <= above.shape[1]:
                size = int(share * tracks * per_track)
                pool = Pool(above, allowed, per_track)
                rows.append([tolerance, tracks, size, *measure(pool, tracks, size, given.samples)])
    headers = ["tolerance", "tracks", "N", "rate", "plain", "sd", "jackknife", "sd"]
    headers += ["shipped", "sd", "jackknife holds", "shipped holds"]
    print(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def count_above(
    vectors: Path, queries: Path, system: str, tolerance: str
) -> tuple[np.ndarray, int]:
    """Fingerprints of each track at or above each query's match, and fingerprints in a track."""
    asked = np.load(queries)
    match, found, per_track = asked[f"s_{tolerance}"], [], 0
    for file in sorted(vectors.glob("[0-9]*.npz")):
        if ".part" in file.name:
            continue
        fingerprints = np.load(file)[system]
        tracks, per_track, dim = fingerprints.shape
        scores = (fingerprints.reshape(-1, dim) @ asked["q"].T).reshape(tracks, per_track, -1)
        found.append((scores >= match).sum(axis=1))
    return np.concatenate(found).T, per_track


@dataclass(frozen=True)
class Pool:
    """Tracks of which samples are drawn.

    Args:
        above: Fingerprints of each track at or above each query's match.
        allowed: 0 for queries whose match comes first in the reference, -1 for others.
        per_track: Fingerprints in a track.
    """

    above: np.ndarray
    allowed: np.ndarray
    per_track: int

    def sample(self, tracks: np.ndarray) -> "Pool":
        """Some of the tracks."""
        return Pool(self.above[:, tracks], self.allowed, self.per_track)

    def rate_and_excess(self, size: int) -> tuple[float, Excess]:
        """HR@1 in random databases of the tracks, and by how much it is too high."""
        parts = np.arange(self.above.shape[1]) % 200
        distractors = ClusteredDistractors(
            np.repeat(parts, self.per_track), np.bincount(parts) * self.per_track
        )
        of_parts = np.stack([np.bincount(parts, weights=one) for one in self.above])
        of_parts = of_parts.astype(np.int64)
        query, part = np.nonzero(of_parts)
        total = of_parts.sum(axis=1)
        rows = RowsAbove(self.allowed, total, query, part, of_parts[query, part])
        most, pools = int(total.max()), distractors.pools()
        (rate,) = rows.rates(hit_probabilities(pools[:1], size, most), 1)
        smaller = min(size, distractors.largest_size())
        excess = excess_of_rates(rows.rates(hit_probabilities(pools, smaller, most), 1))
        return float(rate), excess


def measure(pool: Pool, tracks: int, size: int, samples: int) -> list[float]:
    """In percent.

    Returns:
        True rate; mean error and standard deviation of the rates as they are, of those that the
        jackknife corrects, and of those that fpbench corrects; coverage of the intervals of both.
    """
    rate, excess = pool.rate_and_excess(size)
    truth = rate - excess.value
    rng = np.random.default_rng([5, tracks, size])
    errors, held = [], []
    for _ in range(samples):
        some = rng.choice(pool.above.shape[1], tracks, replace=False)
        rate, excess = pool.sample(some).rate_and_excess(size)
        # What the jackknife alone, which finds two thirds of the excess, makes of it.
        value, error = excess.value * 2 / 3, excess.error * 2 / 3
        usual = math.hypot(stdtrit(excess.parts - 1, (1 + LEVEL) / 2) * error, value)
        errors.append([rate - truth, rate - value - truth, rate - excess.value - truth])
        held.append([abs(errors[-1][1]) <= usual, abs(errors[-1][2]) <= excess.half_width(LEVEL)])
    means, spreads = np.mean(errors, axis=0), np.std(errors, axis=0)
    pairs = np.stack([means, spreads], axis=1).reshape(-1).tolist()
    return [100 * x for x in (truth, *pairs, *np.mean(held, axis=0).tolist())]


if __name__ == "__main__":
    main()
