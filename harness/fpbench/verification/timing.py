"""Whether the start times in the evidence are one hop apart, as the result says."""

from collections.abc import Iterator

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.verification.problems import Problem
from fpbench.verification.submission import Submission

_FEWEST_PAIRS = 10
_SLACK = 0.02  # share of a hop


def check_hop(submission: Submission) -> Iterator[Problem]:
    """Most neighbouring rows of a track, among the candidates of a query, start a hop apart."""
    hop_s = submission.result.fingerprinter.hop_s
    for search in submission.searches():
        if not isinstance(search.evidence, Evidence):
            continue
        right, pairs = _count_hops(search.evidence, hop_s)
        if pairs >= _FEWEST_PAIRS and right < pairs / 2:
            rule = f"of {pairs} pairs of neighbours in the evidence, {right} start that far apart"
            yield Problem(pointer="/fingerprinter/hop_s", value=hop_s, rule=rule)


def _count_hops(evidence: Evidence, hop_s: float) -> tuple[int, int]:
    """Pairs of candidates with consecutive ids in the right track: how many fit, and how many."""
    ids, distance_s = evidence.reference.ids, evidence.distance_s
    known = np.where(np.isfinite(distance_s) & (ids >= 0), ids, np.iinfo(np.int64).min)
    order = np.argsort(known, axis=1)
    known = np.take_along_axis(known, order, axis=1)
    of_known = np.take_along_axis(distance_s, order, axis=1)
    rows, left = np.nonzero((np.diff(known, axis=1) == 1) & (known[:, :-1] >= 0))
    a, b = of_known[rows, left], of_known[rows, left + 1]
    # Both on one side of the query, or one on either side.
    apart = np.stack([np.abs(a - b), a + b])
    right = (np.abs(apart - hop_s) <= _SLACK * hop_s).any(axis=0)
    return int(right.sum()), right.size
