"""Whether what indexes lose follows from their evidence and that of exact search."""

from collections.abc import Iterator

from fpbench.evidence.gaps import SearchedSizes
from fpbench.evidence.index_losses import EXACT, index_losses
from fpbench.results.index_losses import IndexLoss
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission


def check_index_losses(submission: Submission) -> Iterator[Problem]:
    """Every loss is computed again, where the evidence of both searches is there.

    Older results list none.
    """
    listed = submission.result.index_losses
    if not listed:
        return
    searches = {(search.index, search.distractors): search for search in submission.searches()}
    expected: list[IndexLoss] = []
    both = set()
    for (index, kind), search in searches.items():
        exact = searches.get((EXACT, kind))
        if index == EXACT or exact is None:
            continue
        both.add((index, kind))
        for tolerance_s in search.tolerances_s():
            expected += index_losses(
                SearchedSizes(exact.evidence, exact.searched_sizes()),
                SearchedSizes(search.evidence, search.searched_sizes()),
                index=index,
                distractors=kind,
                tolerance_s=tolerance_s,
            )
    kept = {
        place: loss
        for place, loss in enumerate(listed)
        # Without both files nothing follows, but that there are both.
        if (loss.index, loss.distractors) in both or not _may_exist(submission, loss)
    }
    yield from compare_listed("/index_losses", kept, expected, _key)


def _may_exist(submission: Submission, loss: IndexLoss) -> bool:
    """Whether the result has a curve of the index and one of exact search beside it."""
    indexes = {c.index for c in submission.result.curves if c.distractors == loss.distractors}
    return loss.index != EXACT and {EXACT, loss.index} <= indexes


def _key(loss: IndexLoss) -> tuple[object, ...]:
    return loss.index, loss.distractors, loss.metric, loss.tolerance_s, loss.n_distractors
