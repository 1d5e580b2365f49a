"""False rejects of two systems are compared where both searched the same databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.results.files import read_result
from fpbench.review.comparison import compare_results

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def test_false_rejects_are_compared_in_the_databases_of_both(
    write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    # 200 queries of 50 tracks; one system finds all of them, the other misses every second.
    paths = []
    for name, better in (("all", 0), ("half", 1)):
        system = replace(GOLDEN.fingerprinter, name=name)
        evidence = evidence_of([[0, better] * 100] * 2, track=list(np.arange(200) // 4))
        foreign = np.random.default_rng(0).uniform(0, 0.3, 200).astype(np.float32)
        evidence = replace(evidence, foreign_score=foreign)
        paths.append(
            write_run(
                name,
                {("exact", "real"): evidence},
                [10, 20],
                [10, 20],
                generator=None,
                fingerprinter=system,
            )
        )
    (one,) = compare_results(paths, 0.95)
    at = {(d.false_accepts, d.n_distractors): d for d in one.false_rejects}
    assert at.keys() == {(0.1, (10, 10)), (0.1, (20, 20))}
    # Half of the second system's impostors score 0.9, so that its threshold is above all matches.
    assert at[0.1, (10, 10)].rates == (0, 1)
    assert (at[0.1, (10, 10)].low, at[0.1, (10, 10)].high) == (-1, -1)
    evidence = evidence_of([[0, 0] * 100] * 2, track=[0, 1] * 100)
    searches = {("exact", "real"): evidence}
    older = write_run("older", searches, [10, 20], [10, 20], generator=None)
    (pair,) = compare_results([older, older], 0.95)
    assert pair.false_rejects == []
