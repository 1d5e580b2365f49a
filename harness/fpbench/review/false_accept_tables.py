"""Tables of decisions by a threshold: false accepts and false rejects by database size."""

from collections.abc import Sequence

from tabulate import tabulate

from fpbench.results.decisions import ErrorRate, FalseAccepts
from fpbench.results.document import Result
from fpbench.units import short_size


def false_accept_tables(result: Result) -> list[str]:
    """A table for each index and kind of distractors, for a match anywhere in the right track.

    Where the result has no such tolerance, the tables are for its first one.
    """
    tolerances = {one.tolerance_s for one in result.false_accepts}
    shown = None if None in tolerances else next(iter(tolerances), None)
    kinds = dict.fromkeys((one.distractors, one.index) for one in result.false_accepts)
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


def _table(result: Result, rows: Sequence[FalseAccepts]) -> str:
    first = rows[0]
    where = "in the track" if first.tolerance_s is None else f"within {first.tolerance_s:g} s"
    kind = f"{first.index}, {first.distractors} distractors"
    heading = f"{result.fingerprinter.name}, {kind}: decisions by a threshold, a match {where}"
    headers = ["distractors", "equal error"]
    headers += [f"rejects at {100 * at.false_accepts:g} % accepts" for at in first.rejects]
    columns = [[short_size(row.n_distractors), _cell(row.equal_error_rate)] for row in rows]
    for cells, row in zip(columns, rows, strict=True):
        cells += [_cell(at.false_rejects) for at in row.rejects]
        if row.accepts_at_smallest is not None:
            cells.append(_cell(row.accepts_at_smallest))
    if first.accepts_at_smallest is not None:
        headers.append(f"accepts at the 1 % threshold of {short_size(first.n_distractors)}")
    return f"{heading}\n{tabulate(columns, headers=headers, stralign='right')}"


def _cell(rate: ErrorRate) -> str:
    if rate.low is None or rate.high is None:
        return f"{100 * rate.value:.1f} (no interval)"
    return f"{100 * rate.value:.1f} ({100 * rate.low:.1f}–{100 * rate.high:.1f})"  # noqa: RUF001
