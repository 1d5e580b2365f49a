"""Measures how close the stated error of a gap in hit rate is to its true spread.

python tests/benchmarks/bench_gap_errors.py [--trials 200]

Queries, real distractors and draws of a perfect generator are made anew in each trial. Queries and
real distractors come in groups, whose rows are alike; draws are independent. It takes some minutes.
docs/explanation/fidelity.md has the table.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import stdtrit

from fpbench.generators.fidelity import count_better
from fpbench.generators.gap_errors import ClusteredCounts, draw_blocks, gap_error, perfect_gap

DIM = 12
QUERIES = 400
ROWS_PER_GROUP = 100
GROUPS = ((40, 10), (20, 20), (10, 40))
"""Of queries, and of real distractors."""

RANKS = (1, 10)
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Music:
    """How fingerprints lie on the sphere.

    Args:
        spread: Distance of a row from the centre of its group, per dimension: small ones are very
            alike.
        pull: How near centres are to one direction. Some are much nearer, and beat many queries.
        score: Mean score of the right row.
    """

    name: str
    spread: float
    pull: float
    score: float

    def draw(self, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of length 1, around a random centre for each group."""
        centres = normalise(rng.normal(size=(group.max() + 1, DIM)))
        centres[:, 0] += self.pull * rng.lognormal(0, 0.7, size=len(centres))
        centres = normalise(centres)
        rows = centres[group] + self.spread * rng.normal(size=(len(group), DIM))
        return normalise(rows).astype(np.float32)


def normalise(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    scaled: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


KINDS = (
    Music("alike within a group", 0.3, 0.0, 0.75),
    Music("loose, some beat many", 0.6, 0.7, 0.75),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How many groups there are, and how they lie."""

    query_groups: int
    real_groups: int
    music: Music


@dataclass(frozen=True, slots=True)
class Outcome:
    """One gap, that of a perfect generator, the stated error, and that of queries only."""

    gap: float
    perfect: float
    error: float
    of_queries: float


def measure(setting: Setting, rng: np.random.Generator) -> list[Outcome]:
    """The gap among all real distractors, for each rank."""
    group = np.arange(QUERIES) % setting.query_groups
    queries = setting.music.draw(group, rng)
    # Some groups are hard, and of each group some queries are: their match scores little.
    hardness = rng.normal(size=setting.query_groups)[group] + rng.normal(size=QUERIES)
    truth = (setting.music.score + 0.06 * hardness).clip(max=0.97).astype(np.float32)
    member = np.repeat(np.arange(setting.real_groups), ROWS_PER_GROUP)
    real = setting.music.draw(member, rng)
    draws = setting.music.draw(np.arange(2 * len(real)), rng)
    counts = [
        ClusteredCounts(count_better(queries, truth, rows, cluster), np.bincount(cluster))
        for rows, cluster in ((real, member), (draws, draw_blocks(len(draws))))
    ]
    found = []
    for rank in RANKS:
        allowed = np.full(QUERIES, rank - 1)
        of_real, of_draws = (each.hits([len(real)], allowed)[0] for each in counts)
        by_real, by_draws = (each.influences(len(real), allowed) for each in counts)
        gap = of_draws - of_real
        found.append(
            Outcome(
                float(gap.mean()),
                perfect_gap(by_real) or 0.0,
                gap_error(gap, by_real, by_draws, group) or 0.0,
                gap_error(gap, 0 * by_real, 0 * by_draws, group) or 0.0,
            )
        )
    return found


def line(setting: Setting, rank: int, outcomes: Sequence[Outcome]) -> list[str]:
    """What many trials say about one setting and rank."""
    gaps = np.array([each.gap for each in outcomes])
    stated, of_queries = (
        math.sqrt(np.mean([getattr(each, field) ** 2 for each in outcomes]))
        for field in ("error", "of_queries")
    )
    wide = float(stdtrit(min(setting.query_groups, setting.real_groups) - 1, (1 + LEVEL) / 2))
    holds = np.mean([abs(each.gap - gaps.mean()) <= wide * each.error for each in outcomes])
    perfect = float(np.mean([each.perfect for each in outcomes]))
    numbers = [gaps.mean(), perfect, gaps.std(ddof=1), stated, of_queries]
    return [
        setting.music.name,
        f"{setting.query_groups} / {setting.real_groups}",
        f"HR@{rank}",
        *(f"{100 * number:.1f}" for number in numbers),
        f"{100 * holds:.0f}",
    ]


def main() -> None:
    """Print the table, line by line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200, help="repetitions of each setting")
    trials = parser.parse_args().trials
    print("| music | groups of queries / real | metric | gap | perfect gap | true spread |", end="")
    print(" stated error | of queries only | interval holds |\n" + "| --- " * 9 + "|")
    for number, (music, groups) in enumerate(product(KINDS, GROUPS)):
        setting = Setting(*groups, music)
        found = [measure(setting, np.random.default_rng([number, t])) for t in range(trials)]
        for rank, outcomes in zip(RANKS, zip(*found, strict=True), strict=True):
            print(f"| {' | '.join(line(setting, rank, outcomes))} |", flush=True)


if __name__ == "__main__":
    main()
