"""What an approximate index loses against exact search, below the table of its curves."""

from collections.abc import Sequence

from tabulate import tabulate

from fpbench.evidence.index_losses import EXACT
from fpbench.results.document import Curve, Result
from fpbench.results.index_losses import IndexLoss
from fpbench.results.names import metric_label
from fpbench.units import short_size


def index_loss_notes(result: Result, curves: Sequence[Curve]) -> list[str]:
    """A table of one index minus exact search, in the columns of its curves; none without both."""
    index, kind = curves[0].index, curves[0].distractors
    found = {
        (loss.n_distractors, loss.metric, loss.tolerance_s): loss
        for loss in result.index_losses
        if (loss.index, loss.distractors) == (index, kind)
    }
    measures = [(curve.metric, curve.tolerance_s) for curve in curves]
    sizes = sorted({size for size, *_ in found})
    if not sizes:
        return []
    rows = [
        [short_size(size), *(loss_text(found.get((size, *measure))) for measure in measures)]
        for size in sizes
    ]
    headers = ["distractors", *(metric_label(*measure) for measure in measures)]
    heading = f"{index} minus exact search of the same fingerprints, in points (paired intervals)"
    table = tabulate(rows, headers=headers, stralign="right", disable_numparse=True)
    return [f"\n{heading}\n{table}"]


def missing_exact_note(result: Result) -> str | None:
    """That nothing tells the error of the indexes from that of the fingerprints, if it is so."""
    names = dict.fromkeys(curve.index for curve in result.curves)
    if not names or EXACT in names:
        return None
    subject = next(iter(names)) if len(names) == 1 else "each index"
    return f"this run has no exact search: with --index {EXACT} it says what {subject} loses"


def loss_text(loss: IndexLoss | None) -> str:
    """A difference in points, such as ``-3.2 (-5.0 to -1.4)``; a dash if there is none."""
    if loss is None:
        return "-"
    value, low, high = (100 * x for x in (loss.value, loss.low, loss.high))
    known = 0 < high - low < 200  # of the whole range, there are too few groups for an interval
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})" if known else f"{value:+.1f} (no interval)"
