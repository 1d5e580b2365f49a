"""Tables and records of false rejects at equal false accepts."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from fpbench.review.comparison import Comparison
from fpbench.review.comparison_cells import join_different
from fpbench.review.false_accept_tables import where_label
from fpbench.review.false_reject_differences import FalseRejectDifference
from fpbench.units import short_size

NOTE = (
    "false rejects: each system at the threshold that gives it this share of false accepts; paired "
    "intervals over groups, thresholds set anew in each; no tests"
)


def false_reject_headings(
    comparisons: Sequence[Comparison], *, largest: bool
) -> Iterator[tuple[str, Sequence[Comparison]]]:
    """The heading of each table, with the comparisons in it: one for an index and distractors.

    Args:
        comparisons: All comparisons.
        largest: Whether tables show only the largest size.
    """
    for search in dict.fromkeys(one.search for one in comparisons):
        shown = [
            one
            for one in comparisons
            if one.search == search and shown_differences(one, largest=largest)
        ]
        if shown:
            (tolerance_s,) = {d.tolerance_s for d in shown_differences(shown[0], largest=True)}
            heading = "false rejects at equal false accepts, in points"
            if len(shown) == 1:
                heading += f", {' minus '.join(shown[0].names)}"
            heading += f"; {shown[0].search_label}, a match {where_label(tolerance_s)}"
            yield heading, shown


def shown_differences(comparison: Comparison, *, largest: bool) -> list[FalseRejectDifference]:
    """What tables show: a match anywhere in the track, or else the first tolerance.

    Args:
        comparison: Of two systems.
        largest: Whether to show only the largest size.
    """
    tolerances = {d.tolerance_s: None for d in comparison.false_rejects}
    shown = None if None in tolerances else next(iter(tolerances), None)
    found = [d for d in comparison.false_rejects if d.tolerance_s == shown]
    if largest and found:
        size = max(d.n_distractors for d in found)
        found = [d for d in found if d.n_distractors == size]
    return found


def false_reject_table(comparisons: Sequence[Comparison], tablefmt: str, *, largest: bool) -> str:
    """A line for each pair of systems and size, a column for each share of false accepts."""
    found = [d for one in comparisons for d in shown_differences(one, largest=largest)]
    shares = sorted({d.false_accepts for d in found}, reverse=True)
    several, rows = len(comparisons) > 1, []
    for one in comparisons:
        of_pair = shown_differences(one, largest=largest)
        for sizes in sorted({d.n_distractors for d in of_pair}):
            at = {d.false_accepts: d for d in of_pair if d.n_distractors == sizes}
            names = [" minus ".join(one.names)] if several else []
            size = join_different([short_size(n) for n in sizes])
            cells = [_cell(at[share]) if share in at else "too few queries" for share in shares]
            rows.append([*names, size, *cells])
    headers = ["systems"] if several else []
    headers += ["distractors", *(f"at {100 * share:g} % false accepts" for share in shares)]
    align = ["left"] * several + ["right"] * (len(headers) - several)
    return tabulate(rows, headers=headers, tablefmt=tablefmt, colalign=align)


def _cell(difference: FalseRejectDifference) -> str:
    value, low, high = (100 * x for x in (difference.value, difference.low, difference.high))
    interval = f"{low:+.1f} to {high:+.1f}" if high - low < 200 else "no interval"
    return f"{value:+.1f} ({interval})"
