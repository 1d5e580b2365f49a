"""False accepts follow from the evidence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.results.files import read_result, write_result

Document = dict[str, Any]


def test_blocks_are_missing_changed_or_invented(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    other = np.where(np.isinf(evidence.distance_s), evidence.reference.scores, -np.inf)
    evidence = replace(evidence, foreign_score=other.max(axis=1).astype(np.float32))
    path = write_run("r", {("exact", "real"): evidence}, [10, 20], [20], generator=None)
    assert '/false_accepts is null: the evidence gives ["real", "exact"' in problems(path)
    blocks = measure_false_accepts(evidence, [10, 20], 0.25, index="exact", distractors="real")
    write_result(replace(read_result(path), false_accepts=blocks), path)
    assert problems(path) == ""

    def other_rate(document: Document) -> None:
        document["false_accepts"][0]["equal_error_rate"]["value"] = 0.01

    def invented(document: Document) -> None:
        document["false_accepts"].append({**document["false_accepts"][0], "n_distractors": 15})

    older = [replace(block, det=None, refused=(), smallest_share=0.01) for block in blocks]
    write_result(replace(read_result(path), false_accepts=older), path)
    assert "/false_accepts/0/det is null" in problems(path)  # a result may not shed its curve
    searches = {("exact", "real"): evidence}
    path = write_run("r", searches, [10, 20], [20], generator=None, estimator=2)
    write_result(replace(read_result(path), false_accepts=older), path)
    assert problems(path) == ""  # written before there were curves
    alter(path, other_rate)
    assert "/false_accepts/0/equal_error_rate/value is 0.01: the evidence gives" in problems(path)
    alter(path, invented)
    assert "/false_accepts/2 is" in problems(path)
