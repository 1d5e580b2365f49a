"""The evidence files of one run are about the same queries and the same reference."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench.evidence.evidence import Evidence


def test_another_track_of_a_query_is_found(
    write_run: Callable[..., Path], evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    other = replace(evidence, query_track=np.array([0, 1, 1, 0]))
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): other}
    path = write_run("both", searches, [10, 20], [20])
    assert "query_track is the same as in both.exact.real.npz" in problems(path)


def test_another_distance_of_a_row_is_found(
    write_run: Callable[..., Path], evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    further = evidence.distance_s.copy()
    further[0, 0] += 0.1
    searches = {
        ("exact", "real"): evidence,
        ("exact", "synthetic"): replace(evidence, distance_s=further),
    }
    path = write_run("both", searches, [10, 20], [20])
    assert "rows of the reference have the scores and distances that both" in problems(path)


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        pytest.param(("ivfpq", -0.1), "", id="missed"),
        pytest.param(("ivfpq", 0.1), "foreign_score is at most what it is in", id="better"),
        pytest.param(("exact", -0.1), "foreign_score is the same as in", id="exact"),
    ],
)
def test_only_an_approximate_index_misses_the_best_row_of_another_track(
    write_run: Callable[..., Path],
    evidence: Evidence,
    problems: Callable[[Path], str],
    search: tuple[str, float],
    problem: str,
) -> None:
    (index, change), best = search, np.full(4, 0.3, dtype=np.float32)
    searches = {
        ("exact", "real"): replace(evidence, foreign_score=best),
        (index, "synthetic"): replace(evidence, foreign_score=best + np.float32(change)),
    }
    found = problems(write_run("both", searches, [10, 20], [20]))
    assert problem in found
    assert ("foreign_score is" in found) == bool(problem)
