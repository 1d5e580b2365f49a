"""Extrapolated hit rates: bias, errors and coverage where the truth is known.

python tests/benchmarks/bench_extrapolation.py [--repetitions 40] [--evidence FILE.npz]

The first table draws matches and uniform directions many times. The true hit rates are those of all
queries that could have been drawn. It compares the extrapolation with two simpler ones: a line of
the hit rate in log N, and exponential tails of scores. With --evidence, the second table shortens
an evidence file of a synthetic search, and predicts what was searched beyond.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import stats
from tabulate import tabulate

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.extrapolation import Extrapolation, extrapolated_interval
from fpbench.evidence.files import read_evidence
from fpbench.evidence.hit_rates import hits_of_curves

KEPT, START, SIZES = 20, 100_000, (1_000_000, 10_000_000)
SETTINGS = [(16, -10, -3), (32, -12, -3), (128, -12, -3)]  # dims, decades of the probabilities
QUERIES = 1_000


def cap_score(p: np.ndarray, dim: int) -> np.ndarray:
    """Inner product of a direction that a uniform one exceeds with probability p."""
    half = (dim - 1) / 2
    return (2 * stats.beta.isf(p, half, half) - 1).astype(np.float32)


def draw_evidence(dim: int, low: float, high: float, rng: np.random.Generator) -> Evidence:
    """Evidence of a search among uniform directions; of each block the best scores are drawn."""
    match = cap_score(10 ** rng.uniform(low, high, QUERIES), dim)
    edges = range(0, START + 1, START // 20)
    blocks = []
    for start, stop in pairwise(edges):
        best = np.cumsum(rng.exponential(size=(QUERIES, KEPT)), axis=1) / (stop - start)
        scores = cap_score(np.minimum(best, 1), dim)
        blocks.append(Candidates(np.tile(np.arange(KEPT), (QUERIES, 1)), -scores, scores))
    reference = np.full((QUERIES, KEPT + 1), -1, dtype=np.float32)
    reference[:, 0] = match
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0
    ids = np.tile(np.arange(KEPT + 1), (QUERIES, 1))
    return Evidence(
        query_track=np.arange(QUERIES),
        reference=Candidates(ids, -reference, reference),
        distance_s=distance_s,
        match_score=match,
        edges=np.array(edges),
        blocks=blocks,
    )


def line_in_log_size(evidence: Evidence, size: int) -> float:
    """HR@1 on the line through the last two searched decades."""
    last = int(evidence.edges[-1])
    sizes = [last // 10, last]
    hits = hits_of_curves(evidence, sizes, None)
    first, second = (hits[1, n].rate for n in sizes)
    return max(0.0, second + (second - first) * np.log10(size / last))


def exponential_scores(evidence: Evidence, size: int) -> float:
    """HR@1 where the best scores of each query have exponential tails."""
    last = int(evidence.edges[-1])
    scores = -np.sort(-np.concatenate([b.scores for b in evidence.blocks], axis=1), axis=1)
    level = scores[:, KEPT]
    mean = (scores[:, :KEPT] - level[:, None]).mean(axis=1)
    above = np.maximum(evidence.match_scores(None) - level, 0)
    p = KEPT / last * np.exp(-above / mean)
    first_in_reference = evidence.ranks(range(0), None) == 0
    return float((first_in_reference * np.exp(-size * p)).mean())


def measure_directions(repetitions: int) -> None:
    rows = []
    for dim, low, high in SETTINGS:
        errors: dict[int, list[list[float]]] = {size: [] for size in SIZES}
        refused = held = 0
        for seed in range(repetitions):
            evidence = draw_evidence(dim, low, high, np.random.default_rng(seed))
            extrapolation = Extrapolation(evidence, [START])
            check = extrapolation.check(None, 1)
            refused += check is not None and abs(check.extrapolated - check.searched) > 0.01
            for size in SIZES:
                truth = _true_rate(low, high, size)
                found = extrapolation.hits(size, None, 1)
                ci = extrapolated_interval(found, evidence.clusters)
                simple = [line_in_log_size(evidence, size), exponential_scores(evidence, size)]
                estimates = [found.rate, *found.rates, *simple]
                errors[size].append([100 * (one - truth) for one in estimates])
                held += ci.low <= truth <= ci.high
        for size in SIZES:
            table = np.array(errors[size])
            rows.append(
                [
                    f"{dim} dims, {high - low} decades",
                    f"{size:.0e}",
                    *table.mean(axis=0),
                    np.sqrt((table[:, 0] ** 2).mean()),
                    np.abs(table[:, 0]).max(),
                    100 * held / repetitions / len(SIZES),
                    100 * refused / repetitions,
                ]
            )
    names = ["bias", "exponential", "Pareto", "line", "exp. scores"]
    headers = ["matches", "size", *names, "rms", "worst", "held, %", "check off, %"]
    print(tabulate(rows, headers=headers, floatfmt=".2f"))


def _true_rate(low: float, high: float, size: int) -> float:
    p = 10 ** np.linspace(low, high, 100_001)
    return float(np.exp(-size * p).mean())


def measure_evidence(path: Path) -> None:
    evidence = read_evidence(path)
    if not isinstance(evidence, Evidence):
        raise SystemExit(f"{path} is of an index that grows")
    rows = [row for start in (START, 10 * START) for row in _predictions(evidence, start)]
    headers = ["from", "to", "tolerance", "k", "searched", "extrapolated", "low", "high"]
    print(tabulate(rows, headers=[*headers, "line", "exp. scores"], floatfmt=".2f"))


def _predictions(evidence: Evidence, start: int) -> Iterator[list[object]]:
    """Predictions from the first so many distractors for all sizes that were searched."""
    if start not in evidence.edges:
        return
    count = int(np.searchsorted(evidence.edges, start))
    part = replace(evidence, edges=evidence.edges[: count + 1], blocks=evidence.blocks[:count])
    extrapolation = Extrapolation(part, [start // 10, start])
    sizes = [n for n in SIZES if n > start and n in evidence.edges]
    for tolerance_s in (0.25, None):
        searched = hits_of_curves(evidence, sizes, tolerance_s)
        for size in sizes:
            for k in (1, 3, 10):
                found = extrapolation.hits(size, tolerance_s, k)
                ci = extrapolated_interval(found, part.clusters)
                values = [searched[k, size].rate, found.rate, ci.low, ci.high]
                simple = [line_in_log_size(part, size), exponential_scores(part, size)]
                shown = values + (simple if tolerance_s is None and k == 1 else [])
                where = "track" if tolerance_s is None else f"{tolerance_s:g} s"
                yield [f"{start:.0e}", f"{size:.0e}", where, k, *(100 * one for one in shown)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--evidence", type=Path)
    arguments = parser.parse_args()
    if arguments.repetitions:
        measure_directions(arguments.repetitions)
    if arguments.evidence:
        measure_evidence(arguments.evidence)
