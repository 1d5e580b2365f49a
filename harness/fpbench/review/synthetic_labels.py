"""Labels of synthetic distractors in tables and figures, with marks for those not to be trusted."""

from collections.abc import Iterable

from fpbench.generators.fidelity_limits import find_deviation
from fpbench.results.document import Curve, Result

UNLIKE_REAL = "unlike real"
"""Mark of a generator whose fidelity is beyond the limits."""


def find_result_deviation(result: Result) -> str | None:
    """Say why the synthetic distractors of a result are far from real ones; None if they are not.

    A result without synthetic distractors has none that could be.
    """
    if result.generator is None or result.fidelity is None:
        return None
    return find_deviation(result.fidelity, result.generator.name)


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
    return ", ".join([*names, *marks])
