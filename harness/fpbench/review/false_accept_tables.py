"""Tables of decisions by a threshold: false accepts and false rejects by database size."""

from collections.abc import Sequence

from tabulate import tabulate

from fpbench.results.decisions import AbsentDecisions, ErrorRate, FalseAccepts, RefusedShare
from fpbench.results.document import Result
from fpbench.units import count_label, short_size

_UNKNOWN = "unknown"


def false_accept_tables(result: Result) -> list[str]:
    """A table for each index and kind of distractors, for a match anywhere in the right track.

    Where the result has no such tolerance, the tables are for its first one.
    """
    kinds = dict.fromkeys((one.distractors, one.index) for one in result.false_accepts)
    shown = shown_tolerance(result)
    return [
        _table(
            result,
            [
                one
                for one in result.false_accepts
                if (one.distractors, one.index, one.tolerance_s) == (kind, index, shown)
            ],
        )
        for kind, index in kinds
    ]


def shown_tolerance(result: Result) -> float | None:
    """The tolerance that tables and figures of decisions show: anywhere, or else the first."""
    tolerances = {one.tolerance_s: None for one in result.false_accepts}
    return None if None in tolerances else next(iter(tolerances), None)


def where_label(tolerance_s: float | None) -> str:
    """What counts as a match."""
    return "in the track" if tolerance_s is None else f"within {tolerance_s:g} s"


def _table(result: Result, rows: Sequence[FalseAccepts]) -> str:
    first = rows[0]
    kind = f"{first.index}, {first.distractors} distractors"
    heading = f"{result.fingerprinter.name}, {kind}: decisions by a threshold, a match "
    heading += where_label(first.tolerance_s)
    parts = [heading, _rates_table(rows, rows)]
    absent = [(row, row.absent) for row in rows if row.absent is not None]
    if absent:
        parts += [_absent_heading(absent[0][1])]
        parts += [_rates_table([row for row, _ in absent], [one for _, one in absent])]
    return "\n".join([*parts, *_notes(result, rows)])


def _absent_heading(absent: AbsentDecisions) -> str:
    return (
        f"accepts of {count_label(absent.queries, 'query', 'queries')} from "
        f"{count_label(absent.recordings, 'recording')} that the "
        "database does not hold, alone:"
    )


def _rates_table(
    rows: Sequence[FalseAccepts], rates: Sequence[FalseAccepts | AbsentDecisions]
) -> str:
    """The rates of each size.

    Args:
        rows: The sizes.
        rates: The rates at each of them, of all impostors or of some.
    """
    first = rows[0]
    shares = sorted({at.false_accepts for one in rates for at in one.rejects}, reverse=True)
    with_threshold = any(one.accepts_at_smallest is not None for one in rates)
    headers = ["distractors", "equal error"]
    headers += [f"rejects at {100 * share:g} % accepts" for share in shares]
    if with_threshold:
        size = short_size(first.n_distractors)
        headers.append(f"accepts at the {100 * rates[0].smallest_share:g} % threshold of {size}")
    cells = []
    for row, one in zip(rows, rates, strict=True):
        simulated = " simulated" if row.found == "simulated" else ""
        line = [f"{short_size(row.n_distractors)}{simulated}", _cell(one.equal_error_rate)]
        rejects = {at.false_accepts: at.false_rejects for at in one.rejects}
        refused = {at.false_accepts: at for at in one.refused}
        line += [_share_cell(rejects.get(share), refused.get(share)) for share in shares]
        if with_threshold:
            line.append(_share_cell(one.accepts_at_smallest, None))
        cells.append(line)
    return tabulate(cells, headers=headers, stralign="right", disable_numparse=True)


def _share_cell(rate: ErrorRate | None, refused: RefusedShare | None) -> str:
    if rate is not None:
        return _cell(rate)
    return "too few queries" if refused is not None else _UNKNOWN


def _cell(rate: ErrorRate) -> str:
    if rate.low is None or rate.high is None:
        return f"{100 * rate.value:.1f} (no interval)"
    return f"{100 * rate.value:.1f} ({100 * rate.low:.1f}–{100 * rate.high:.1f})"  # noqa: RUF001


def _notes(result: Result, rows: Sequence[FalseAccepts]) -> list[str]:
    """Which shares are refused, and what the simulation does not say."""
    notes = _refused_notes("too few queries for some false accepts", rows)
    absent = [row.absent for row in rows if row.absent is not None]
    notes += _refused_notes("too few queries whose recording the database does not hold", absent)
    beyond = {
        point.n_distractors
        for curve in result.curves
        if (curve.index, curve.distractors) == (rows[0].index, rows[0].distractors)
        for point in curve.points
        if point.found == "simulated"
    }
    missing = sorted(beyond - {row.n_distractors for row in rows if row.found == "simulated"})
    if missing:
        sizes = ", ".join(map(short_size, missing))
        notes.append(f"not simulated at {sizes}: the tail does not know these thresholds")
    return notes


def _refused_notes(beginning: str, rates: Sequence[FalseAccepts | AbsentDecisions]) -> list[str]:
    """How many queries the shares need that are refused at some size."""
    refused: dict[float, RefusedShare] = {}
    for one in (share for rate in rates for share in rate.refused):
        known = refused.setdefault(one.false_accepts, one)
        if one.needed_queries > known.needed_queries:
            refused[one.false_accepts] = one
    if not refused:
        return []
    needs = [
        f"{100 * share:g} % needs {refused[share].needed_queries:,}"
        for share in sorted(refused, reverse=True)
    ]
    least = min(one.effective_queries for one in refused.values())
    return [f"{beginning} ({least:,.0f} effective ones): {', '.join(needs)} queries like these"]
