"""Text tables of a run by an authors' protocol, as the authors print them."""

from collections.abc import Sequence

from tabulate import tabulate

from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.names import tracks_label
from fpbench.results.protocols import ProtocolInfo, ProtocolRate
from fpbench.review.cost_tables import cost_lines
from fpbench.review.fidelity_tables import held_out_table
from fpbench.tables import show_lines
from fpbench.units import short_size

_RULES = {"both": "", "right": "", "official": ", as the script counts"}


def protocol_tables(result: Result, protocol: ProtocolInfo) -> str:
    """A table for each index and database: a line for each metric, a column for each length.

    With synthetic distractors, another one has their gap to held-out real ones.
    """
    parts = []
    for index, kind, size in dict.fromkeys(map(_database, protocol.rates)):
        rates = [one for one in protocol.rates if _database(one) == (index, kind, size)]
        title = f"{result.fingerprinter.name}, {protocol.name} protocol {protocol.version}, {index}"
        distractors = f"{short_size(size)} {kind} distractors" if size else "no distractors"
        parts.append(f"{title}, {distractors}\n{rates_table(rates)}")
    held_out = held_out_table(result)
    parts += [held_out] if held_out is not None else []
    queries = result.queries
    note = f"{queries.n} queries from {tracks_label(queries)}, test ids {protocol.test_ids}"
    note += "; percent; the result has 95 % intervals"
    if any(rate.rules == "official" for rate in protocol.rates):
        note += f"; its curves count by the {protocol.rules} rules"
    if result.generator is not None:
        note += f"; synthetic distractors are drawn by {result.generator.name}"
    notes = [note, *(f"caution: {warning}" for warning in protocol.warnings)]
    costs = [] if result.costs is None else [cost_lines(result.costs)]
    return show_lines("\n\n".join([*parts, "\n".join(notes), *costs]))


def _database(rate: ProtocolRate) -> tuple[str, DistractorKind, int]:
    return rate.index, rate.distractors, rate.n_distractors


def rates_table(rates: Sequence[ProtocolRate]) -> str:
    """Percent of hits; a line for each metric and its rules, a column for each length."""
    lengths = dict.fromkeys((rate.query_length_s, rate.segments) for rate in rates)
    values = {(rate.metric, rate.rules, rate.segments): rate.value for rate in rates}
    rows = [
        [
            f"{metric.replace('_', ' ')}{_RULES[rules]}",
            *(f"{100 * values[metric, rules, segments]:.1f}" for _, segments in lengths),
        ]
        for metric, rules in dict.fromkeys((rate.metric, rate.rules) for rate in rates)
    ]
    headers = ["metric", *(f"{length_s:g} s" for length_s, _ in lengths)]
    align = ("left", *("right" for _ in lengths))
    return tabulate(rows, headers=headers, colalign=align, disable_numparse=True)
