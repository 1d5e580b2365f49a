"""Whether synthetic distractors are described, and like real ones."""

from collections.abc import Iterator

from fpbench.results.fidelity import FLOOR
from fpbench.review.synthetic_labels import find_result_deviation
from fpbench.verification.problems import Problem
from fpbench.verification.submission import Submission


def check_fidelity(submission: Submission) -> Iterator[Problem]:
    """Synthetic distractors have a generator, and its fidelity is within the limits."""
    result = submission.result
    if any(curve.distractors == "synthetic" for curve in result.curves):
        if result.generator is None:
            yield Problem(pointer="/generator", value=None, rule="distractors are synthetic")
        elif result.fidelity is None or not result.fidelity.statistics:
            rule = "distractors are synthetic, so fidelity has statistics"
            yield Problem(pointer="/fidelity", value=result.fidelity, rule=rule)
        else:
            for name in (FLOOR, result.generator.name):
                if name not in result.fidelity.statistics:
                    rule = f"fidelity compares {FLOOR} and the generator, so it has {name}"
                    yield Problem(pointer="/fidelity/statistics", value=None, rule=rule)
    deviation = find_result_deviation(result)
    if deviation is not None and result.generator is not None:
        rule = f"this generator is unlike real fingerprints: {deviation}"
        yield Problem(pointer="/generator/name", value=result.generator.name, rule=rule)
