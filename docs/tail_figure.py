"""Draws docs/beyond.png: the tails of some queries, and the hit rate that follows from them.

python docs/tail_figure.py runs/demo.json docs/beyond.png
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence
from fpbench.evidence.lognormal_estimates import LogNormal
from fpbench.evidence.tails import simulated_hits
from fpbench.results.document import Result
from fpbench.results.files import read_result
from fpbench.review.figure_style import load_matplotlib, own_style
from fpbench.search.searched_tails import SearchedTail
from fpbench.units import short_size

# How rare it is that one distractor scores at least as the match, for the queries that are shown.
_SHOWN = (1e-5, 1e-7, 1e-9, 1e-11, 1e-13)
_COLOURS = ("#D55E00", "#E69F00", "#009E73", "#56B4E9", "#0072B2")


def main(result_file: str, figure_file: str) -> None:
    """Draw the figure from a result with simulated points, and its evidence."""
    load_matplotlib()
    from matplotlib.figure import Figure

    result = read_result(Path(result_file))
    evidence = read_evidence(Path(result_file).with_suffix(".exact.synthetic.npz"))
    if not isinstance(evidence, Evidence) or evidence.tail is None:
        raise SystemExit(f"{result_file} has no simulated points")
    estimates = evidence.tail.estimates(None)
    queries = _nearest(estimates.log_p, evidence)
    with own_style():
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_tails(left, evidence, estimates, queries)
        _draw_hits(right, result, evidence, estimates, queries)
        figure.savefig(figure_file, dpi=110)


def _nearest(log_p: np.ndarray, evidence: Evidence) -> list[int]:
    """Queries that the reference finds, whose probabilities are nearest to those to show."""
    found = evidence.ranks(range(0), None) == 0
    log = np.where(found, log_p, np.inf)
    return [int(np.abs(log - np.log(wanted)).argmin()) for wanted in _SHOWN]


def _draw_tails(axes: Any, evidence: Evidence, estimates: LogNormal, queries: list[int]) -> None:
    searched = SearchedTail.of_evidence(evidence)
    match = evidence.match_scores(None)
    for query, colour in zip(queries, _COLOURS, strict=True):
        scores = np.sort(searched.scores[query])[::-1]
        scores = scores[scores > searched.complete[query]]
        rate = np.arange(1, len(scores) + 1) / searched.searched
        axes.plot(scores, rate, color=colour, linewidth=2)
        p = np.exp(estimates.log_p[query])
        factor = np.exp(2 * np.sqrt(estimates.variance[query]))
        rare = match[query] > scores[0]
        if rare:
            axes.plot([scores[0], match[query]], [rate[0], p], "--", color=colour, lw=1)
        ends = [[p - p / factor], [p * factor - p]]
        axes.errorbar(match[query], p, yerr=ends, color=colour, fmt="d", ms=7, mfc="white")
    axes.set_yscale("log")
    axes.axhline(1 / searched.searched, color="0.6", linewidth=1, linestyle=":")
    label = f"1 of {short_size(searched.searched)}: the search ends"
    axes.annotate(label, (0.02, 1 / searched.searched), xycoords=("axes fraction", "data"),
                  xytext=(0, -12), textcoords="offset points", fontsize=9, color="0.4")  # fmt: skip
    axes.set_xlabel("score with the query (inner product)")
    axes.set_ylabel("probability that a distractor scores more")
    axes.set_title("Evidence (solid), simulation (dashed) to the match", loc="left", fontsize=11)


def _draw_hits(
    axes: Any, result: Result, evidence: Evidence, estimates: LogNormal, queries: list[int]
) -> None:
    sizes = np.logspace(4, 12, 161)
    for query, colour in zip(queries, _COLOURS, strict=True):
        hits = [np.exp(-n * np.exp(estimates.log_p[query])) for n in sizes]
        axes.plot(sizes, 100 * np.array(hits), color=colour, linewidth=1.2)
    rank = evidence.ranks(range(0), None)
    rates = [simulated_hits(estimates, rank, round(n), 1).hits.mean() for n in sizes]
    axes.plot(sizes, 100 * np.array(rates), color="black", linewidth=2)
    (curve,) = (
        c
        for c in result.curves
        if (c.distractors, c.metric, c.tolerance_s) == ("synthetic", "hr@1", None)
    )
    for found, mark, face in (("searched", "o", "black"), ("simulated", "d", "white")):
        points = [p for p in curve.points if p.found == found]
        values = [100 * p.value for p in points]
        ends = [
            [100 * (p.value - p.ci.low) for p in points],
            [100 * (p.ci.high - p.value) for p in points],
        ]
        at = [p.n_distractors for p in points]
        axes.errorbar(
            at, values, yerr=ends, fmt=mark, color="black", mfc=face, ms=7, lw=1, zorder=3
        )
    axes.set_xscale("log")
    axes.set_ylim(0, 102)
    axes.set_xlabel("number of distractors N")
    axes.set_ylabel("hits at rank 1, in the right track (%)")
    title = "Each query hits with exp(-N p); their mean is HR@1 (black)"
    axes.set_title(title, loc="left", fontsize=11)


if __name__ == "__main__":
    main(*sys.argv[1:])
