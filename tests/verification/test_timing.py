"""Neighbouring rows of a track start one hop apart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence


def test_another_hop_is_found(
    write_run: Callable[..., Path], evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    # Ten rows of the right track, half a second apart; the query starts at the third of them.
    ids = np.tile(np.arange(11), (4, 1))
    scores = np.tile(0.5 - 0.01 * np.arange(11, dtype=np.float32), (4, 1))
    distance_s = np.tile(np.abs(np.arange(11) - 2) * 0.5, (4, 1))
    known = replace(
        evidence,
        reference=Candidates(ids, -scores, scores),
        distance_s=distance_s,
        match_score=scores[:, 2],
    )
    path = write_run("r", {("exact", "real"): known}, [10, 20], [20], generator=None)
    assert problems(path) == ""
    known = replace(known, distance_s=0.7 * distance_s)
    path = write_run("r", {("exact", "real"): known}, [10, 20], [20], generator=None)
    assert "of 40 pairs of neighbours in the evidence, 0 start that far apart" in problems(path)
