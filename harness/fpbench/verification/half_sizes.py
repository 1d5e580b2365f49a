"""Whether the sizes at which hit rates are halved follow from the evidence."""

from collections.abc import Iterator

from fpbench.evidence.evidence import GrownEvidence
from fpbench.evidence.half_sizes import half_sizes
from fpbench.results.tails import HalfSize
from fpbench.verification.problems import Problem, compare_listed
from fpbench.verification.submission import Submission


def check_half_sizes(submission: Submission) -> Iterator[Problem]:
    """Every half size is computed again; older results have none."""
    tails = {tail.index: (place, tail) for place, tail in enumerate(submission.result.tails)}
    for search in submission.searches():
        place, tail = tails.get(search.index, (0, None))
        evidence = search.evidence
        if isinstance(evidence, GrownEvidence) or evidence.tail is None:
            continue
        if tail is None or not tail.half_sizes:
            continue
        tolerances = [one for one in search.tolerances_s() if evidence.tail.has(one)]
        simulated = [
            point.n_distractors
            for curve in search.curves.values()
            for point in curve.points
            if point.found == "simulated"
        ]
        expected = half_sizes(evidence, tolerances, max(simulated, default=0))
        pointer = f"/tails/{place}/half_sizes"
        yield from compare_listed(pointer, dict(enumerate(tail.half_sizes)), expected, _key)


def _key(half: HalfSize) -> tuple[object, ...]:
    return half.metric, half.tolerance_s
