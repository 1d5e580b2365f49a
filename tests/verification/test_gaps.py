"""Gaps follow from the evidence of both kinds of distractors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fpbench.evidence.evidence import Evidence

Document = dict[str, Any]


def test_gaps_follow_from_the_evidence_of_both_kinds(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    path = write_run("both", searches, [10, 20], [20])
    assert problems(path) == ""

    def smaller(document: Document) -> None:
        document["gaps"][-1]["high"] -= 0.1

    def invented(document: Document) -> None:
        document["gaps"].append({**document["gaps"][0], "n_distractors": 15})

    def none(document: Document) -> None:
        del document["gaps"]

    alter(path, smaller)
    assert "/gaps/5/high is 0.9: the evidence gives 1.0" in problems(path)
    alter(path, invented)
    assert '/gaps/6 is ["exact", "hr@1", 0.25, 15]: the evidence gives no' in problems(path)
    alter(path, none)
    assert 'the evidence gives ["exact", "hr@1", 0.25, 10], which is missing' in problems(path)
