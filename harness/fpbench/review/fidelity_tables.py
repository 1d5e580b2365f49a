"""Text tables of a fidelity report."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from fpbench.generators.fidelity import PROFILE_K
from fpbench.results.document import Result
from fpbench.results.fidelity import FLOOR, Copying, Fidelity, HitRates, Sequences, Statistics
from fpbench.results.names import metric_label
from fpbench.review.measured_gaps import errors_in_half
from fpbench.units import count_label, short_size

_LABELS = {
    "frechet": "Frechet distance",
    "js_marginal": "JS of marginals, bits",
    "js_similarity": "JS of similarities, bits",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "nearest_distance": "nearest neighbour",
}


_FLOOR = (
    "The column 'real' is another half of the real tracks: values of draws should be near it. A "
    "perfect generator would not score the same, because its draws are independent, and real rows "
    "come in tracks: its recall and coverage would be higher, its Frechet distance lower."
)


def fidelity_tables(report: Fidelity) -> str:
    """Tables of statistics, copying and hit rates, with one line or column per set."""
    groups = f" in {count_label(report.groups, 'group')}" if report.groups else ""
    parts = [
        f"{report.rows} rows per set; {report.tracks} real tracks{groups}, split into halves "
        f"{report.splits} times: mean +- standard deviation. "
        f"JS: {report.marginal_bins} bins for each dimension, {report.similarity_bins} bins for "
        f"the similarities of {report.similarity_pairs} pairs. {_FLOOR}",
        _statistics_table(report.statistics or {}, report.spread or {}),
    ]
    if report.copying:
        parts.append(_copying_table(report.copying))
    parts += [_hit_rate_table(rates) for rates in report.tables()]
    if report.sequences is not None:
        parts.append(_similarity_table(report.sequences))
        parts += [
            f"queries of {shorter.length_s:g} s\n{_hit_rate_table(shorter.hit_rates)}"
            for shorter in report.sequences.shorter
        ]
    for alarm in report.alarms:
        parts.append(f"{alarm.generator} is unlike real fingerprints: {alarm.words}")
    return "\n\n".join(parts)


def held_out_table(result: Result) -> str | None:
    """Expected hit rates with real distractors that the generator was not fitted to, beside its.

    They are at the largest size that there is and at a tenth of it, for every metric and tolerance;
    and of a run by a protocol, whose queries have several lengths, for every length.

    Returns:
        None if the result has none.
    """
    fidelity, generator = result.fidelity, result.generator
    if fidelity is None or generator is None or not fidelity.tables():
        return None
    listed = [("", rates) for rates in fidelity.tables()]
    if result.protocol is not None and fidelity.sequences is not None:
        listed = [(f"{result.fingerprinter.segment_s:g} s: ", rates) for _, rates in listed]
        listed += [(f"{one.length_s:g} s: ", one.hit_rates) for one in fidelity.sequences.shorter]
    rows = [
        [length + label, *cells]
        for length, rates in listed
        if generator.name in rates.gap
        for label, *cells in _held_out_rows(rates, generator.name, errors_in_half(fidelity))
    ]
    judges = count_label(fidelity.tracks or 0, "track")
    judges += f" in {count_label(fidelity.groups, 'group')}" if fidelity.groups else ""
    heading = (
        f"real distractors of {judges} that {generator.name} was not fitted to: expected hit rates "
        "of exact search, percent"
    )
    headers = ("", "distractors", "real", generator.name, "gap", "gap if perfect")
    return heading + "\n" + tabulate(rows, headers=headers, stralign="right", disable_numparse=True)


def _held_out_rows(rates: HitRates, name: str, errors: float) -> list[list[str]]:
    last = rates.sizes[-1]
    smaller = [place for place, size in enumerate(rates.sizes) if 10 * size <= last][-1:]
    rows = []
    for place in (*smaller, len(rates.sizes) - 1):
        gap, error = rates.gap[name][place], rates.gap_error[name][place]
        perfect = rates.perfect_gap[place]
        rows.append(
            [
                metric_label(rates.metric, rates.tolerance_s),
                short_size(rates.sizes[place]),
                *(f"{100 * rates.hit_rate[each][place]:.1f}" for each in (FLOOR, name)),
                f"{_points(gap)} "
                + ("(no error)" if error is None else f"± {100 * errors * error:.1f}"),
                "" if perfect is None else _points(perfect),
            ]
        )
    return rows


def _points(gap: float) -> str:
    """A gap in points; what is rounded to zero has no sign of its own."""
    return f"{round(100 * gap, 1) + 0.0:+.1f}"


def _statistics_table(
    statistics: Mapping[str, Statistics], spread: Mapping[str, Statistics]
) -> str:
    rows = []
    for field, label in _LABELS.items():
        cells = [
            f"{getattr(mean, field):.4f} +- {getattr(spread[name], field):.4f}"
            for name, mean in statistics.items()
        ]
        rows.append([label, *cells])
    for i, k in enumerate(PROFILE_K[: len(statistics[FLOOR].local_dimension)]):
        profile = [each.local_dimension[i] for each in statistics.values()]
        cells = ["infinite" if each is None else f"{each:.1f}" for each in profile]
        rows.append([f"local dimension, k = {k}", *cells])
    return tabulate(rows, headers=("", *statistics), disable_numparse=True)


def _copying_table(copying: Mapping[str, Copying]) -> str:
    def cells(each: Copying) -> tuple[str, ...]:
        return (
            f"{each.nearer_training:.1%}",
            f"{each.distance_training:.4f}",
            f"{each.distance_held_out:.4f}",
        )

    rows = [(name, *cells(each)) for name, each in copying.items()]
    headers = ("copying", "nearer to training", "distance to training", "distance to held-out")
    return tabulate(rows, headers=headers, disable_numparse=True)


def _similarity_table(sequences: Sequences) -> str:
    def cells(values: Sequence[float | None], sign: str = "") -> list[str]:
        return ["" if value is None else f"{sign}{value:.3f}" for value in values]

    rows = [[name, *cells(values)] for name, values in sequences.similarity.items()]
    rows.append(["two real halves", *cells(sequences.floor, "+-")])
    headers = ("similarity in a track, by lag", *(f"{lag_s:g} s" for lag_s in sequences.lags_s))
    return tabulate(rows, headers=headers, disable_numparse=True)


def _hit_rate_table(rates: HitRates) -> str:
    label = metric_label(rates.metric, rates.tolerance_s)
    rows = [
        [f"{label} of real, %", *(f"{100 * rate:.2f}" for rate in rates.hit_rate[FLOOR])],
        ["two real halves", *(f"+-{100 * x:.2f}" for x in rates.floor)],
        ["if perfect", *("" if x is None else f"{100 * x:+.2f}" for x in rates.perfect_gap)],
    ]
    for name, gap in rates.gap.items():
        errors = rates.gap_error[name]
        rows.append([name, *(_gap_cell(x, e) for x, e in zip(gap, errors, strict=True))])
    headers = ("gap in points, by distractors", *(f"{size:,}" for size in rates.sizes))
    return tabulate(rows, headers=headers, disable_numparse=True)


def _gap_cell(gap: float, error: float | None) -> str:
    return f"{100 * gap:+.2f} " + ("(no error)" if error is None else f"+-{100 * error:.2f}")
