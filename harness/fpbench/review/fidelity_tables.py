"""Text tables of a fidelity report."""

from tabulate import tabulate

from fpbench.generators.expected_hit_rates import HitRates
from fpbench.generators.fidelity import PROFILE_K
from fpbench.generators.fidelity_limits import FLOOR, find_deviation
from fpbench.generators.fidelity_report import Copying, FidelityReport

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


def fidelity_tables(report: FidelityReport) -> str:
    """Tables of statistics, copying and hit rates, with one line or column per set."""
    parts = [
        f"{report.rows} rows per set; {report.tracks} real tracks, split into halves "
        f"{report.splits} times: mean +- standard deviation. "
        "A perfect generator scores like the column 'real'.",
        _statistics_table(report),
    ]
    if report.copying:
        parts.append(_copying_table(report))
    if report.hit_rates is not None:
        parts.append(_hit_rate_table(report.hit_rates))
    if report.hit_rates_in_track is not None:
        parts.append("in the right track\n" + _hit_rate_table(report.hit_rates_in_track))
    block = report.to_json()
    for name in report.statistics:
        deviation = None if name == FLOOR else find_deviation(block, name)
        if deviation is not None:
            parts.append(f"{name} is unlike real fingerprints: {deviation}")
    return "\n\n".join(parts)


def _statistics_table(report: FidelityReport) -> str:
    rows = []
    for field, label in _LABELS.items():
        cells = [
            f"{getattr(mean, field):.4f} +- {getattr(report.spread[name], field):.4f}"
            for name, mean in report.statistics.items()
        ]
        rows.append([label, *cells])
    for i, k in enumerate(PROFILE_K[: len(report.statistics[FLOOR].local_dimension)]):
        cells = [f"{each.local_dimension[i]:.1f}" for each in report.statistics.values()]
        rows.append([f"local dimension, k = {k}", *cells])
    return tabulate(rows, headers=("", *report.statistics), disable_numparse=True)


def _copying_table(report: FidelityReport) -> str:
    def cells(each: Copying) -> tuple[str, ...]:
        return (
            f"{each.nearer_training:.1%}",
            f"{each.distance_training:.4f}",
            f"{each.distance_held_out:.4f}",
        )

    rows = [(name, *cells(each)) for name, each in report.copying.items()]
    headers = ("copying", "nearer to training", "distance to training", "distance to held-out")
    return tabulate(rows, headers=headers, disable_numparse=True)


def _hit_rate_table(rates: HitRates) -> str:
    rows = [
        ["HR@1 of real, %", *(f"{100 * rate:.2f}" for rate in rates.hit_rate[FLOOR])],
        ["two real halves", *("" if x is None else f"+-{100 * x:.2f}" for x in rates.floor)],
    ]
    for name, gap in rates.gap.items():
        errors = rates.gap_error[name]
        rows.append([name, *(_gap_cell(x, e) for x, e in zip(gap, errors, strict=True))])
    headers = ("gap in points, by distractors", *(f"{size:,}" for size in rates.sizes))
    return tabulate(rows, headers=headers, disable_numparse=True)


def _gap_cell(gap: float, error: float | None) -> str:
    return f"{100 * gap:+.2f} " + ("(no error)" if error is None else f"+-{100 * error:.2f}")
