"""The mean over several fits of a generator, as tables."""

from tabulate import tabulate

from fpbench.results.document import Result
from fpbench.results.names import metric_label, rate_in_brackets
from fpbench.units import short_size


def fit_tables(result: Result) -> list[str]:
    """A table for each index, of the measures that other tables show; none for one fit."""
    if result.fits is None or result.generator is None:
        return []
    first = result.curves[0].tolerance_s
    shown = [r for r in result.fits.rates if r.metric == "hr@1" or r.tolerance_s == first]
    tables = []
    for index in dict.fromkeys(rates.index for rates in shown):
        of_index = [rates for rates in shown if rates.index == index]
        measures = list(dict.fromkeys((r.metric, r.tolerance_s) for r in of_index))
        cells = {
            (r.n_distractors, r.metric, r.tolerance_s): rate_in_brackets(r.value, r.low, r.high)
            + f" ± {100 * r.error:.1f}"
            for r in of_index
        }
        simulated = {
            point.n_distractors
            for curve in result.curves
            for point in curve.points
            if point.found == "simulated"
        }
        rows = [
            [
                short_size(n) + " (simulated)" * (n in simulated),
                *(cells.get((n, *measure), "") for measure in measures),
            ]
            for n in sorted({rates.n_distractors for rates in of_index})
        ]
        count = len(result.fits.weights_sha256)
        heading = f"mean of {count} fits of {result.generator.name}, {index}; "
        heading += "± standard error between fits"
        headers = ["distractors", *(metric_label(*measure) for measure in measures)]
        tables.append(f"{heading}\n{tabulate(rows, headers=headers, stralign='right')}")
    return tables
