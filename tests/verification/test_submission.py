"""Curves belong to the evidence file of their index and kind of distractors."""

from collections.abc import Callable
from pathlib import Path

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence
from fpbench.results.files import read_result
from fpbench.verification.submission import Submission, curve_label, curves_of


def test_curves_are_found_by_the_name_of_the_evidence(
    write_run: Callable[..., Path], evidence: Evidence
) -> None:
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    result = read_result(write_run("both", searches, [10, 20], [20]))
    assert list(curves_of(result, result.evidence[0])) == ["/curves/0", "/curves/1", "/curves/2"]
    assert list(curves_of(result, result.evidence[1])) == ["/curves/3", "/curves/4", "/curves/5"]
    assert curve_label(result.curves[0]) == "hr@1 within 0.25 s with exact, real"


def test_searches_are_those_whose_evidence_is_there(result: Path) -> None:
    read = read_result(result)
    assert list(Submission(path=result, result=read, evidence={}).searches()) == []
    file = read.evidence[0].file
    there = {file: read_evidence(result.with_name(file))}
    (search,) = Submission(path=result, result=read, evidence=there).searches()
    assert (search.pointer, search.index, search.distractors) == ("/evidence/0", "exact", "real")
    assert search.searched_sizes() == [10, 20]
    assert search.tolerances_s() == [0.25]
