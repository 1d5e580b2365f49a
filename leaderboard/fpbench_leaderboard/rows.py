"""The row of a system: its rates, and what else a reader wants to know of it."""

from collections.abc import Mapping, Sequence

from fpbench.folder_names import without_folders
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import Curve, Point, Result
from fpbench.review.half_size_notes import find_half_size, half_size_label
from fpbench.review.synthetic_labels import (
    OTHER_MARGINALS,
    UNLIKE_REAL,
    find_result_alarm,
    find_result_deviation,
)
from fpbench_leaderboard.board import Decisions, Half, Rate, Row, Search
from fpbench_leaderboard.ranks import Candidate
from fpbench_leaderboard.searches import search_of

BREAKS_RULES = "breaks rules"
"""Mark of a system that was measured although it breaks rules of the harness."""

LOSS_FROM, LOSS_TO = 10**6, 10**8

_SHARE = 0.01  # of false accepts


def make_row(candidate: Candidate, system: str, ranks: Mapping[int, int], size: int) -> Row:
    """The row of a system.

    Args:
        candidate: The curve that stands for the system.
        system: Name of the system.
        ranks: Its rank at each size.
        size: Size of the ranking.
    """
    entry, curve = candidate.entry, candidate.curve
    result = entry.result
    rates = [rate_of(point, ranks.get(point.n_distractors)) for point in curve.points]
    return Row(
        rank=ranks.get(size),
        system=system,
        configuration=configuration_label(result),
        rates=rates,
        loss=_loss(candidate),
        half=_half(result, curve),
        decisions=[
            _decisions(one)
            for one in false_accepts_of(result, search_of(result, curve), curve.tolerance_s)
        ],
        times_real_time=_times_real_time(result),
        bytes_per_hour=result.fingerprinter.bytes_per_hour,
        tier=entry.tier,
        licence=result.fingerprinter.weights_licence,
        marks=marks(result, curve),
        links=entry.links,
        result=result,
    )


def rate_of(point: Point, rank: int | None = None) -> Rate:
    """A point of a curve."""
    known = point.ci.is_known
    return Rate(
        n_distractors=point.n_distractors,
        hours=point.hours,
        value=point.value,
        low=point.ci.low if known else None,
        high=point.ci.high if known else None,
        found=point.found,
        rank=rank,
    )


def configuration_label(result: Result) -> str:
    """Dtype, device and version of a system."""
    system = result.fingerprinter
    parts = [system.dtype, *([] if system.device == "-" else [system.device])]
    named = (
        system.distribution if system.version == "-" else f"{system.distribution} {system.version}"
    )
    return without_folders(", ".join([*parts, named]))


def marks(result: Result, curve: Curve) -> list[str]:
    """What a reader must know of the numbers."""
    found = []
    if result.check is not None and not result.check.passed:
        found.append(BREAKS_RULES)
    if curve.distractors == "synthetic" and result.generator is not None:
        fitted = result.generator.fitted_to
        if result.generator.foreign and fitted is not None:
            found.append(f"generator fitted to {fitted.fingerprinter}")
        if find_result_deviation(result) is not None:
            found.append(f"generator {UNLIKE_REAL} fingerprints")
        elif find_result_alarm(result) is not None:
            found.append(f"generator with {OTHER_MARGINALS}")
    return found


def _times_real_time(result: Result) -> float | None:
    encoder = None if result.costs is None else result.costs.encoder
    return None if encoder is None else encoder.x_real_time


def _loss(candidate: Candidate) -> float | None:
    first, last = candidate.at(LOSS_FROM), candidate.at(LOSS_TO)
    if first is None or last is None or first.value == 0:
        return None
    return 1 - last.value / first.value


def _half(result: Result, curve: Curve) -> Half | None:
    half = find_half_size(result, curve)
    if half is None:
        return None
    return Half(
        start=half.start,
        size=half.size,
        low=half.low,
        high=half.high,
        label=half_size_label(half),
    )


def false_accepts_of(
    result: Result, search: Search, tolerance_s: float | None
) -> Sequence[FalseAccepts]:
    """Decisions of a search, by size; of a size that was also simulated, the searched ones."""
    wanted = search.index, search.distractors, tolerance_s
    found = [
        one
        for one in result.false_accepts
        if (one.index, one.distractors, one.tolerance_s) == wanted
    ]
    by_size = {one.n_distractors: one for one in found if one.found != "searched"}
    by_size |= {one.n_distractors: one for one in found if one.found == "searched"}
    return [by_size[size] for size in sorted(by_size)]


def _decisions(one: FalseAccepts) -> Decisions:
    rejects = next((r.false_rejects for r in one.rejects if r.false_accepts == _SHARE), None)
    kept = one.accepts_at_smallest
    return Decisions(
        n_distractors=one.n_distractors,
        found=one.found,
        equal_error=one.equal_error_rate.value,
        false_rejects=None if rejects is None else rejects.value,
        false_rejects_low=None if rejects is None else rejects.low,
        false_rejects_high=None if rejects is None else rejects.high,
        kept_share=one.smallest_share,
        accepts_at_kept=None if kept is None else kept.value,
    )
