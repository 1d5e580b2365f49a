"""``fpbench compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from fpbench.errors import FpbenchError
from fpbench.results.names import metric_label
from fpbench.units import short_hours, short_size

if TYPE_CHECKING:
    from fpbench.review.comparison import Comparison, Difference


@click.command()
@click.argument("first", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("second", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--level", default=0.95, show_default=True, help="Of the intervals.")
def compare(first: Path, second: Path, level: float) -> None:
    """Tell whether one system is better than another.

    FIRST and SECOND are results of the same queries, with their evidence beside them. Shown is how
    many points more FIRST hits, query by query, with intervals over tracks: much narrower than the
    two results' own would suggest. Where 0 is not in it, marked *, one of them is better.

    Results of one system with two generators, or two settings of an index, compare those.

    \b
    fpbench compare runs/mymodel.json runs/nafp.json --level 0.99
    """
    # Imported here: the arithmetic needs NumPy, which `fpbench --help` must not wait for.
    from fpbench.review.comparison import HIGHEST_LEVEL, compare_results

    if not 0.5 <= level <= HIGHEST_LEVEL:
        raise FpbenchError(
            f"--level {level:g} is not from 0.5 to {HIGHEST_LEVEL:g}",
            hint="give 0.95 or 0.99, for example",
        )
    comparisons = compare_results(first, second, level)
    queries = comparisons[0].queries
    note = f"{queries.n} queries of {queries.length_s:g} s from {queries.tracks} tracks"
    note += f"; points, with {100 * level:g} % intervals (paired, bootstrap over tracks)"
    note += "; * one is better"
    click.echo("\n\n".join([*map(_format_comparison, comparisons), note]))


def _format_comparison(comparison: "Comparison") -> str:
    heading = " minus ".join(comparison.names)
    heading += f"; {comparison.index}, {comparison.distractors} distractors"
    if comparison.generator is not None:
        heading += f" ({comparison.generator})"
    differences = comparison.differences
    measures = list(dict.fromkeys((d.metric, d.tolerance_s) for d in differences))
    measures.sort(key=lambda m: m[1] is None)
    cells = {(_database_key(d), d.metric, d.tolerance_s): _cell(d) for d in differences}
    databases = sorted({_database_key(d) for d in differences})
    rows = [
        [
            _join_pair(tuple(map(short_size, sizes))),
            _join_pair(tuple(map(short_hours, hours))),
            *(cells.get(((sizes, hours), *m), "") for m in measures),
        ]
        for sizes, hours in databases
    ]
    headers = ["distractors", "audio", *(metric_label(*m) for m in measures)]
    return heading + "\n" + tabulate(rows, headers=headers, stralign="right")


def _database_key(difference: "Difference") -> tuple[tuple[int, int], tuple[float, float]]:
    one, other = difference.points
    return (one.n_distractors, other.n_distractors), (one.hours, other.hours)


def _join_pair(texts: tuple[str, ...]) -> str:
    one, other = texts
    return one if one == other else f"{one} and {other}"


def _cell(difference: "Difference") -> str:
    value, low, high = (100 * x for x in (difference.value, difference.low, difference.high))
    return f"{'* ' if difference.clear else ''}{value:+.1f} ({low:+.1f} to {high:+.1f})"
