"""Refuses results that one figure cannot show."""

from collections.abc import Sequence

from fpbench.errors import FpbenchError
from fpbench.results.comparable import ComparisonKey
from fpbench_leaderboard.entries import Entry


def refuse_mixed(entries: Sequence[Entry], metric: str) -> None:
    """Refuse results whose curves one figure cannot show.

    Raises:
        FpbenchError: There is no curve of the metric, or the results cannot be compared.
    """
    if not any(curve.metric == metric for entry in entries for curve in entry.result.curves):
        raise FpbenchError(f"there is no curve of {metric} to draw", hint="give other results")
    first = entries[0]
    for entry in entries:
        if ComparisonKey.of(entry.result) != ComparisonKey.of(first.result):
            raise FpbenchError(
                f"{entry.path} and {first.path} differ in audio or queries: one figure cannot show "
                "both",
                hint="give only results with the same audio and queries, or choose with --task",
            )
