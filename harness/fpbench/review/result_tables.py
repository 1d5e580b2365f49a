"""Text tables of a result's curves."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from fpbench.results.data import QueryInfo
from fpbench.results.document import Curve, Result
from fpbench.results.lengths import query_lengths_s, split_by_length
from fpbench.results.names import (
    clusters_label,
    few_clusters_note,
    lengths_label,
    metric_label,
    rate_label,
    tracks_label,
)
from fpbench.review.cost_tables import cost_tables
from fpbench.review.distractor_notes import real_distractors_label, real_distractors_notes
from fpbench.review.extrapolation_notes import extrapolation_notes
from fpbench.review.false_accept_tables import false_accept_tables
from fpbench.review.fidelity_tables import held_out_table
from fpbench.review.fit_tables import fit_tables
from fpbench.review.gap_notes import gap_notes
from fpbench.review.half_size_notes import half_size_notes
from fpbench.review.index_loss_notes import index_loss_notes, missing_exact_note
from fpbench.review.protocol_tables import protocol_tables
from fpbench.review.synthetic_labels import (
    distractor_label,
    find_result_alarm,
    find_result_deviation,
)
from fpbench.review.tail_notes import tail_notes
from fpbench.tables import show_lines
from fpbench.units import count_label, short_hours, short_size


def result_tables(result: Result) -> str:
    """A table for each length, index and kind of distractors, with one line per database size.

    HR@1 is shown for every tolerance, HR@3 and HR@10 for the first. A run by an authors' protocol
    has their table instead.
    """
    if result.protocol is not None:
        return protocol_tables(result, result.protocol)
    lengths = list(split_by_length(result))
    parts = [table for of_length in lengths for table in _search_tables(of_length, lengths)]
    held_out = held_out_table(lengths[-1])
    parts += [held_out] if held_out is not None else []
    parts += [
        table
        for of_length in lengths
        for table in _with_length(
            [*fit_tables(of_length), *false_accept_tables(of_length)], of_length, lengths
        )
    ]
    queries = result.queries
    lengths_s = query_lengths_s(result)
    note = f"{lengths_label(queries, lengths_s)} from {tracks_label(queries)}"
    if len(lengths_s) > 1:
        note += ", shorter ones cut from the longest"
    if queries.recordings:
        note += f", cut from {count_label(queries.recordings, 'recording')}"
    if queries.without_match:
        note += f" ({_without_match(queries)})"
    note += f"; percent, with 95 % intervals over {clusters_label(queries)}"
    if any(curve.distractors == "synthetic" for curve in result.curves):
        note += "; ±: half of a paired 95 % interval"
    return show_lines("\n\n".join([*parts, *_warnings(result), note, *cost_tables(result)]))


def _search_tables(result: Result, lengths: Sequence[Result]) -> list[str]:
    """The tables of one length of the queries, of several."""
    parts = []
    for kind, index in dict.fromkeys((c.distractors, c.index) for c in result.curves):
        curves = [
            c
            for c in result.curves
            if (c.distractors, c.index) == (kind, index)
            and (c.metric == "hr@1" or c.tolerance_s == result.curves[0].tolerance_s)
        ]
        heading = f"{result.fingerprinter.name}, {index}, {kind} distractors"
        if len(lengths) > 1:
            heading += f", queries of {result.queries.length_s:g} s"
        if kind == "synthetic" and result.generator is not None:
            heading += f" ({distractor_label(result, curves[0])})"
        if kind == "real" and (label := real_distractors_label(result, curves[0])):
            heading += f" ({label})"  # few make a curve too easy
        headers = [
            "distractors",
            "audio",
            *(metric_label(c.metric, c.tolerance_s) for c in curves),
            "repeats",
        ]
        sizes = sorted({point.n_distractors for curve in curves for point in curve.points})
        rows = [_row(curves, size) for size in sizes]
        table = tabulate(rows, headers=headers, stralign="right")
        notes = [
            *gap_notes((result, c) for c in curves),
            *tail_notes(result, curves),
            *real_distractors_notes(curves),
            *half_size_notes(result, curves),
            *extrapolation_notes(result, curves),
            *index_loss_notes(result, curves),
        ]
        parts.append("\n".join([heading, table, *notes]))
    return parts


def _with_length(tables: Sequence[str], result: Result, lengths: Sequence[Result]) -> Iterator[str]:
    """Tables that name the length of the queries, if there are several."""
    for table in tables:
        named = f"queries of {result.queries.length_s:g} s: {table}"
        yield named if len(lengths) > 1 else table


def _without_match(queries: QueryInfo) -> str:
    """What becomes of recordings that the database does not hold."""
    several = queries.without_match > 1
    others = (
        f"{queries.without_match} {'others match' if several else 'other matches'} nothing here"
    )
    if not queries.absent:
        return f"{others} and {'are' if several else 'is'} in no rate"
    counts = f"{'counts as a false accept' if queries.absent == 1 else 'count as false accepts'}"
    return f"{others}, {count_label(queries.absent, 'query', 'queries')} of them {counts}"


def _warnings(result: Result) -> list[str]:
    """What makes hit rates say little: about other music, real distractors, or at all."""
    few = few_clusters_note(result.queries)
    warnings = [one for one in (few, missing_exact_note(result)) if one is not None]
    deviation = find_result_deviation(result)
    if deviation is not None and result.generator is not None:
        warnings.append(f"{result.generator.name} is unlike real fingerprints: {deviation}")
    alarm = find_result_alarm(result)
    if alarm is not None and result.generator is not None:
        warnings.append(f"{result.generator.name} has other marginals: {alarm}")
    if result.generator is not None and result.generator.reason is not None:
        warnings.append(
            f"{result.generator.name} is not the best generator: {result.generator.reason}"
        )
    if result.check is not None and not result.check.passed:
        rules = "; ".join(f"{rule}: {detail}" for rule, detail in result.check.broken.items())
        warnings.append(f"{result.fingerprinter.name} breaks rules of the harness: {rules}")
    return warnings


def _row(curves: Sequence[Curve], size: int) -> list[str]:
    """One size; a curve that was not extrapolated as far as others has no rate there."""
    found = [next((p for p in c.points if p.n_distractors == size), None) for c in curves]
    first = next(point for point in found if point is not None)
    return [
        short_size(size),
        short_hours(first.hours),
        *("-" if point is None else rate_label(point) for point in found),
        str(first.repeats) if first.found == "searched" else first.found,
    ]
