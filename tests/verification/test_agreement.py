"""The evidence files of one run are about the same queries and the same reference."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

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
