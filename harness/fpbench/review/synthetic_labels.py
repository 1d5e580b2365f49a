"""Labels of synthetic distractors in tables and figures, with marks for those not to be trusted."""

from collections.abc import Iterable

from fpbench.generators.fidelity_limits import (
    describe_gap,
    find_deviation,
    find_marginal_alarm,
    is_gap_beyond,
)
from fpbench.results.document import Curve, Result

UNLIKE_REAL = "unlike real"
"""Mark of a generator whose fidelity is beyond the limits."""

OTHER_MARGINALS = "other marginals"
"""Mark of a generator whose marginals are beyond their limit, and nothing else."""


def find_result_deviation(result: Result) -> str | None:
    """Say why the synthetic distractors of a result are far from real ones; None if they are not.

    Besides the fidelity, the gaps of HR@1 between the curves of the result are used.
    """
    if result.generator is None:
        return None
    for gap in result.gaps:
        if gap.metric == "hr@1" and is_gap_beyond(gap.low, gap.high):
            where = "" if gap.tolerance_s is not None else " in the right track"
            return describe_gap(gap.n_distractors, gap.value) + where
    return find_deviation(result.fidelity, result.generator.name)


def find_result_alarm(result: Result) -> str | None:
    """Say how far the marginals of a result's generator are from real ones, if they are far."""
    if result.generator is None:
        return None
    return find_marginal_alarm(result.fidelity, result.generator.name)


def distractor_label(result: Result, curve: Curve) -> str:
    """``real``, or the generator with its marks: ``gaussian, fitted to nafp, unlike real``."""
    if curve.distractors == "real" or result.generator is None:
        return curve.distractors
    return generator_label([result])


def generator_label(results: Iterable[Result]) -> str:
    """The generator of results that have the same one, with the marks of all of them."""
    names: dict[str, None] = {}
    marks: dict[str, None] = {}
    for result in results:
        if result.generator is None:
            continue
        names[result.generator.name] = None
        if result.generator.foreign and result.generator.fitted_to is not None:
            marks[f"fitted to {result.generator.fitted_to.fingerprinter}"] = None
        if find_result_deviation(result) is not None:
            marks[UNLIKE_REAL] = None
        elif find_result_alarm(result) is not None:
            marks[OTHER_MARGINALS] = None
    return ", ".join([*names, *marks])
