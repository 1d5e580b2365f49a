"""Measures how often intervals hold the true hit rate, for queries in groups that are alike.

python tests/benchmarks/bench_intervals.py [--trials 1000]

Groups have rates from a beta or a logit-normal distribution, and equal or unequal numbers of
queries. It takes some minutes. docs/explanation/intervals.md has the table.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.special import expit, ndtr, ndtri, stdtrit
from tabulate import tabulate

from fpbench.evidence.intervals import (
    difference_interval,
    korn_graubard,
    rate_interval,
    sum_by_group,
)

LEVEL = 0.95
QUERIES = 1_000
RESAMPLES = 1_000
GROUPS = (5, 10, 20, 46, 100)
RATES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
CORRELATIONS = (0.02, 0.1, 0.3)
"""Share of a query's variance that comes from its group."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A population of groups, and a sample of it."""

    groups: int
    rate: float
    correlation: float
    logit_normal: bool
    unequal: bool

    def sizes(self, rng: np.random.Generator) -> np.ndarray:
        """Number of queries of each group."""
        weights = rng.lognormal(0, 1, self.groups) if self.unequal else np.ones(self.groups)
        return np.maximum(1, np.rint(QUERIES * weights / weights.sum())).astype(np.int64)

    def draw_rates(self, rng: np.random.Generator, groups: int) -> np.ndarray:
        """Rates of random groups."""
        if not self.logit_normal:
            size = 1 / self.correlation - 1
            return rng.beta(self.rate * size, (1 - self.rate) * size, groups)
        return expit(self.centre() + self.spread() * rng.normal(size=groups))

    def spread(self) -> float:
        """Standard deviation of the logits, from the correlation of a latent logistic variable."""
        return float(np.sqrt(self.correlation / (1 - self.correlation) * np.pi**2 / 3))

    def centre(self) -> float:
        """Mean of the logits, such that the mean of the rates is right."""
        low, high = -20.0, 20.0
        for _ in range(60):
            middle = (low + high) / 2
            at = expit(middle + self.spread() * _NORMAL_NODES) @ _NORMAL_WEIGHTS
            low, high = (middle, high) if at < self.rate else (low, middle)
        return low


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
_NORMAL_NODES, _NORMAL_WEIGHTS = _NODES, _WEIGHTS / _WEIGHTS.sum()

Ends = tuple[float, float]
Method = Callable[[np.ndarray, np.ndarray], Ends]


def shipped(hits: np.ndarray, group: np.ndarray) -> Ends:
    """What fpbench gives for rates: Korn and Graubard's, with the variance of a jackknife."""
    return rate_interval(hits, 1, group, LEVEL)[:2]


def linearised(hits: np.ndarray, group: np.ndarray) -> Ends:
    """Korn and Graubard's interval with the variance that is usual in surveys."""
    sums, queries = sum_by_group(hits, group)
    value, variance = estimate(sums, queries)
    return korn_graubard(value, variance, int(queries.sum()), len(sums), LEVEL)


def estimate(sums: np.ndarray, queries: np.ndarray) -> tuple[float, float]:
    """The rate and its linearised variance."""
    groups, n = len(sums), queries.sum()
    value = sums.sum() / n
    return value, groups / (groups - 1) * ((sums - value * queries) ** 2).sum() / n**2


def jackknife(hits: np.ndarray, group: np.ndarray) -> Ends:
    """What fpbench gives for differences."""
    return difference_interval(hits, 1, group, LEVEL)[:2]


def cluster_t(hits: np.ndarray, group: np.ndarray) -> Ends:
    """The linearised standard error, times Student's t."""
    sums, queries = sum_by_group(hits, group)
    value, variance = estimate(sums, queries)
    half = stdtrit(len(sums) - 1, (1 + LEVEL) / 2) * np.sqrt(variance)
    return value - half, value + half


def percentile(hits: np.ndarray, group: np.ndarray) -> Ends:
    """The percentile bootstrap over groups."""
    low, high = np.quantile(resample(hits, group), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return low, high


def bca(hits: np.ndarray, group: np.ndarray) -> Ends:
    """The bootstrap with bias correction and acceleration: Efron 1987."""
    sums, queries = sum_by_group(hits, group)
    means = resample(hits, group)
    value = sums.sum() / queries.sum()
    below = ((means < value).mean() + (means <= value).mean()) / 2
    without = (sums.sum() - sums) / (queries.sum() - queries)
    errors = without.mean() - without
    if not 0 < below < 1 or np.abs(errors).max() < 1e-12:
        return value, value
    bias = ndtri(below)
    acceleration = (errors**3).sum() / (6 * (errors**2).sum() ** 1.5)
    z = bias + ndtri(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low, high = np.quantile(means, ndtr(bias + z / (1 - acceleration * z)))
    return low, high


def resample(hits: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Rates of resamples of whole groups."""
    sums, queries = sum_by_group(hits, group)
    counts = draw_counts(len(sums))
    return (counts @ sums) / (counts @ queries)


@cache
def draw_counts(groups: int) -> np.ndarray:
    """How often each resample draws each group; the same in all trials, which saves time."""
    rng = np.random.default_rng([8, groups])
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES).astype(np.float64)


OF_RATES: dict[str, Method] = {
    "percentile bootstrap": percentile,
    "BCa bootstrap": bca,
    "cluster t": cluster_t,
    "jackknife t": jackknife,
    "Korn-Graubard, linearised": linearised,
    "Korn-Graubard, jackknife": shipped,
}
OF_DIFFERENCES: dict[str, Method] = {
    "percentile bootstrap": percentile,
    "cluster t": cluster_t,
    "jackknife t": jackknife,
}


def draw_rate_trials(
    setting: Setting, rng: np.random.Generator, trials: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Hits of queries, and their groups."""
    for _ in range(trials):
        group = np.repeat(np.arange(setting.groups), setting.sizes(rng))
        rates = setting.draw_rates(rng, setting.groups)
        yield (rng.random(len(group)) < rates[group]).astype(np.int64), group


def draw_difference_trials(
    setting: Setting, rng: np.random.Generator, trials: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Differences of two systems that are equally good, with half of their rates in common."""
    for _ in range(trials):
        group = np.repeat(np.arange(setting.groups), setting.sizes(rng))
        common, *own = (setting.draw_rates(rng, setting.groups) for _ in range(3))
        luck = rng.random(len(group))
        first, second = (luck < ((common + each) / 2)[group] for each in own)
        yield first.astype(np.int64) - second.astype(np.int64), group


def main() -> None:
    """Print coverage by the number of groups."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000)
    trials = parser.parse_args().trials
    for name, methods, draw in (
        ("rates", OF_RATES, draw_rate_trials),
        ("differences", OF_DIFFERENCES, draw_difference_trials),
    ):
        found: dict[tuple[str, int], list[tuple[float, float, Setting]]] = defaultdict(list)
        for number, values in enumerate(
            product(GROUPS, RATES, CORRELATIONS, (False, True), (False, True))
        ):
            setting = Setting(*values)
            truth = setting.rate if name == "rates" else 0.0
            rng = np.random.default_rng([7, number])
            held, width = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0.0)
            for hits, group in draw(setting, rng, trials):
                for method, interval in methods.items():
                    low, high = interval(hits, group)
                    held[method] += low <= truth <= high
                    width[method] += high - low
            for method in methods:
                share = (held[method] / trials, width[method] / trials, setting)
                found[method, setting.groups].append(share)
        print(f"\n{name}: mean coverage in percent / worst setting / mean width in points")
        rows = [[method, *(_cell(found[method, n]) for n in GROUPS)] for method in methods]
        print(tabulate(rows, ["method", *(f"{n} groups" for n in GROUPS)], tablefmt="github"))
        for method in methods:
            worst = min((each for n in GROUPS for each in found[method, n]), key=lambda e: e[0])
            print(f"{method}: worst {100 * worst[0]:.1f} in {worst[2]}")


def _cell(found: list[tuple[float, float, Setting]]) -> str:
    coverage = np.array([100 * each[0] for each in found])
    width = 100 * np.mean([each[1] for each in found])
    return f"{coverage.mean():.1f} / {coverage.min():.1f} / {width:.1f}"


if __name__ == "__main__":
    main()
