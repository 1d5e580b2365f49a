"""Whether the comparison of simulated with searched hit rates follows from the evidence."""

from collections.abc import Iterator

from fpbench.evidence.evidence import GrownEvidence
from fpbench.evidence.hit_rates import is_searched
from fpbench.evidence.tail_checks import check_tail
from fpbench.results.tails import TailCheck
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission


def check_tails(submission: Submission) -> Iterator[Problem]:
    """Every check of a simulation is computed again."""
    tails = {tail.index: (place, tail) for place, tail in enumerate(submission.result.tails)}
    for search in submission.searches():
        evidence = search.evidence
        if isinstance(evidence, GrownEvidence) or evidence.tail is None:
            continue
        # A size that only claims to be searched is a problem of its curve.
        sizes = [size for size in search.searched_sizes() if is_searched(evidence, size)]
        expected = [
            check
            for tolerance_s in (search.tolerances_s() if sizes else ())
            for check in check_tail(evidence, sizes, tolerance_s)
        ]
        place, tail = tails.get(search.index, (None, None))
        if tail is None:
            rule = f"the evidence of {search.index} is simulated, but says not how"
            yield Problem(pointer="/tails", value=list(tails), rule=rule)
            continue
        pointer = f"/tails/{place}/checks"
        yield from compare_listed(pointer, dict(enumerate(tail.checks)), expected, _key)


def _key(check: TailCheck) -> tuple[object, ...]:
    return check.metric, check.tolerance_s, check.n_distractors
