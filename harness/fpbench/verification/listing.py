"""Whether every curve has its evidence file, and every evidence file its curves."""

from collections import Counter
from collections.abc import Iterator

from fpbench.verification.problems import Problem
from fpbench.verification.submission import Submission, curve_label, curves_of


def check_listing(submission: Submission) -> Iterator[Problem]:
    """Each curve is there once, with evidence; each evidence file has curves."""
    result = submission.result
    with_evidence: set[str] = set()
    for place, info in enumerate(result.evidence):
        curves = curves_of(result, info)
        with_evidence |= curves.keys()
        if not curves:
            rule = "no curve belongs to this evidence"
            yield Problem(pointer=f"/evidence/{place}/file", value=info.file, rule=rule)
    counts = Counter(map(curve_label, result.curves))
    for place, curve in enumerate(result.curves):
        pointer, label = f"/curves/{place}", curve_label(curve)
        if pointer not in with_evidence:
            rule = "no evidence is listed for this curve"
            yield Problem(pointer=pointer, value=label, rule=rule)
        if counts[label] > 1:
            yield Problem(pointer=pointer, value=label, rule="this curve is listed twice")
