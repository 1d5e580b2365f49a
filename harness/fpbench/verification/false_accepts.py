"""Whether decisions by a threshold follow from the evidence."""

from collections.abc import Iterator
from dataclasses import replace

from fpbench.evidence.evidence import GrownEvidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.kept_curves import keep_curves
from fpbench.results.decisions import FalseAccepts
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission

_WITH_CURVES = 3  # the first estimator whose blocks have a DET curve


def check_false_accepts(submission: Submission) -> Iterator[Problem]:
    """Every block of false accepts is computed again."""
    result = submission.result
    expected: list[FalseAccepts] = []
    checked = set()
    for search in submission.searches():
        checked.add((search.index, search.distractors))
        if isinstance(search.evidence, GrownEvidence):
            continue
        sizes = search.searched_sizes()
        for tolerance_s in search.tolerances_s() if sizes else ():
            expected += measure_false_accepts(
                search.evidence,
                sizes,
                tolerance_s,
                index=search.index,
                distractors=search.distractors,
                beyond=search.simulated_sizes(),
            )
    listed = {
        place: block
        for place, block in enumerate(result.false_accepts)
        if (block.index, block.distractors) in checked
    }
    # Only older estimators had such blocks: a result may not shed its curve.
    is_older = result.estimator < _WITH_CURVES
    older = {_key(block): block for block in listed.values() if is_older and block.det is None}
    # More curves than must be there are welcome, if they are right.
    with_curve = {_key(block) for block in listed.values() if block.det is not None}
    expected = [
        block if _key(block) in with_curve else fewest
        for block, fewest in zip(expected, keep_curves(expected), strict=True)
    ]
    expected = [_as_older(block, older.get(_key(block))) for block in expected]
    yield from compare_listed("/false_accepts", listed, expected, _key)


def _as_older(expected: FalseAccepts, older: FalseAccepts | None) -> FalseAccepts:
    """What an older block would hold, as far as it is still computed: it has no curve.

    Its shares of false accepts were refused by the plain number of queries. Those that are refused
    now stay as they are.
    """
    if older is None:
        return expected
    now = {at.false_accepts: at for at in expected.rejects}
    same_share = expected.smallest_share == older.smallest_share
    return replace(
        expected,
        det=None,
        absent=None,
        refused=(),
        smallest_share=older.smallest_share,
        rejects=[now.get(at.false_accepts, at) for at in older.rejects],
        accepts_at_smallest=expected.accepts_at_smallest
        if same_share and older.accepts_at_smallest is not None
        else older.accepts_at_smallest,
    )


def _key(block: FalseAccepts) -> tuple[object, ...]:
    return block.distractors, block.index, block.tolerance_s, block.n_distractors, block.found
