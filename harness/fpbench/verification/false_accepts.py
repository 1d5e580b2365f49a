"""Whether decisions by a threshold follow from the evidence."""

from collections.abc import Iterator

from fpbench.evidence.evidence import GrownEvidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.results.decisions import FalseAccepts
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission


def check_false_accepts(submission: Submission) -> Iterator[Problem]:
    """Every block of false accepts is computed again."""
    result = submission.result
    expected: list[FalseAccepts] = []
    checked = set()
    for search in submission.searches():
        checked.add((search.index, search.distractors))
        if isinstance(search.evidence, GrownEvidence):
            continue
        for tolerance_s in search.tolerances_s():
            expected += measure_false_accepts(
                search.evidence,
                search.searched_sizes(),
                tolerance_s,
                index=search.index,
                distractors=search.distractors,
            )
    listed = {
        place: block
        for place, block in enumerate(result.false_accepts)
        if (block.index, block.distractors) in checked
    }
    yield from compare_listed("/false_accepts", listed, expected, _key)


def _key(block: FalseAccepts) -> tuple[object, ...]:
    return block.distractors, block.index, block.tolerance_s, block.n_distractors
