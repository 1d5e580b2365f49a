"""What is said below comparisons: how to read them, gaps of synthetic distractors, and costs."""

from collections.abc import Sequence

from fpbench.results.document import Result
from fpbench.results.names import (
    clusters_label,
    few_clusters_note,
    lengths_label,
    metric_label,
    tracks_label,
)
from fpbench.review.comparison import Comparison, length_text
from fpbench.review.cost_tables import cost_text
from fpbench.review.false_reject_tables import NOTE
from fpbench.review.measured_gaps import measured_gap
from fpbench.review.pair_tables import Measure, list_measures
from fpbench.units import count_label, short_size


def comparison_notes(
    comparisons: Sequence[Comparison], level: float, *, shown: int, tests: int, against_best: bool
) -> list[str]:
    """The gaps of the synthetic distractors, if there are any, how to read the tables, and costs.

    Args:
        comparisons: At least one.
        level: Confidence level of their intervals.
        shown: Number of differences in the tables.
        tests: Number of all differences, which p-values are corrected for.
        against_best: Whether the tables show all systems against the best, not all pairs.
    """
    few = few_clusters_note(comparisons[0].queries)
    return [
        *_gap_notes(comparisons),
        *([] if few is None else [few]),
        _reading_note(comparisons, level, shown=shown, tests=tests, against_best=against_best),
        *_cost_notes(comparisons),
    ]


def _reading_note(
    comparisons: Sequence[Comparison], level: float, *, shown: int, tests: int, against_best: bool
) -> str:
    """What was asked, what intervals and stars mean, and over how many tests."""
    queries = comparisons[0].queries
    lengths_s = dict.fromkeys(one.queries.length_s for one in comparisons)
    looked_at = f"{shown} in all" if shown == tests else f"{shown} of {tests} in all"
    corrected_for = count_label(tests, "test") + (", those of all pairs" if against_best else "")
    parts = [
        f"{lengths_label(queries, list(lengths_s))} from {tracks_label(queries)}",
        f"points, with {100 * level:g} % intervals (paired, over {clusters_label(queries)}",
        f"{looked_at}, not corrected)",
        f"* one is better (sign-flip test at {100 * (1 - level):.3g} %, "
        f"Holm-corrected for {corrected_for})",
    ]
    if any(one.false_rejects for one in comparisons):
        parts.append(NOTE)
    return "; ".join(parts)


def _gap_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """How far synthetic distractors are from real ones, for each system, index and generator."""
    notes: dict[str, None] = {}
    for one in comparisons:
        if one.distractors == "synthetic":
            measures = list_measures(one)
            for name, result in zip(one.names, one.results, strict=True):
                note = _gap_note(name, result, one.index, measures, length_text(one, comparisons))
                notes[note] = None
    return list(notes)


def _cost_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What each system takes with each index, as far as its run has measured it."""
    notes: dict[str, None] = {}
    for one in comparisons:
        searched = f"{one.index}{length_text(one, comparisons)}"
        for name, result in zip(one.names, one.results, strict=True):
            if cost := cost_text(result, one.index, one.distractors):
                notes[f"cost of {name}, {searched}, on the machine of its run: {cost}"] = None
    return list(notes)


def _gap_note(
    name: str, result: Result, index: str, measures: Sequence[Measure], of_length: str
) -> str:
    """The gaps of one system in all measures of a table."""
    texts: list[str] = []
    for curve in result.curves:
        own = curve.index == index and (curve.metric, curve.tolerance_s) in measures
        gap = measured_gap(result, curve) if own else None
        if gap is not None:
            label = metric_label(curve.metric, curve.tolerance_s)
            texts.append(f"{label} {gap.text} at {short_size(gap.n_distractors)}")
    generator = result.generator.name if result.generator else "synthetic"
    found = ", ".join(texts) if texts else "not measured"
    return f"{generator} minus real distractors, {name}, {index}{of_length}, in points: {found}"
