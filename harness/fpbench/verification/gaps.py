"""Whether gaps between synthetic and real distractors follow from the evidence of both."""

from collections.abc import Iterator

from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.results.document import Gap
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission


def check_gaps(submission: Submission) -> Iterator[Problem]:
    """Every gap is computed again, for indexes whose evidence of both kinds is there."""
    result = submission.result
    if result.estimator == 1:  # these have no gaps
        return
    searches = {(search.index, search.distractors): search for search in submission.searches()}
    both = [
        index
        for index in dict.fromkeys(index for index, _ in searches)
        if {(index, "real"), (index, "synthetic")} <= searches.keys()
    ]
    expected: list[Gap] = []
    for index in both:
        real, synthetic = searches[index, "real"], searches[index, "synthetic"]
        for tolerance_s in dict.fromkeys([*real.tolerances_s(), *synthetic.tolerances_s()]):
            expected += hit_rate_gaps(
                SearchedSizes(real.evidence, real.searched_sizes()),
                SearchedSizes(synthetic.evidence, synthetic.searched_sizes()),
                index=index,
                tolerance_s=tolerance_s,
                seed=submission.seed,
                estimator=result.estimator,
            )
    # Without both files nothing follows.
    kept = {place: gap for place, gap in enumerate(result.gaps) if gap.index in both}
    yield from compare_listed("/gaps", kept, expected, _key)


def _key(gap: Gap) -> tuple[object, ...]:
    return gap.index, gap.metric, gap.tolerance_s, gap.n_distractors
