"""``fpbench compare``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from fpbench.errors import FpbenchError
from fpbench.labels import label, measure
from fpbench.results import Result, read_result
from fpbench.sizes import short_size

if TYPE_CHECKING:
    from fpbench.comparison import Difference


@click.command()
@click.argument("first", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("second", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--level", default=0.95, show_default=True, help="Of the intervals.")
def compare(first: Path, second: Path, level: float) -> None:
    """Tell whether one system is better than another.

    FIRST and SECOND are results of the same queries, with their evidence beside them. Shown is how
    many points more FIRST hits, query by query, with intervals over tracks: much narrower than the
    two results' own would suggest. One without 0 in it says that one of them is better.

    \b
    fpbench compare runs/mymodel.json runs/nafp.json --level 0.99
    """
    # Imported here: the arithmetic needs NumPy, which `fpbench --help` must not wait for.
    from fpbench.comparison import compare_results

    if not 0.5 <= level < 1:
        raise FpbenchError(f"--level {level:g} is no level", hint="give 0.95 or 0.99, for example")
    differences = compare_results(first, second, level)
    results = [read_result(path) for path in (first, second)]
    parts = [
        _heading(results, d.index, d.distractors) + "\n" + _table(differences, d)
        for d in {(d.index, d.distractors): d for d in differences}.values()
    ]
    queries = results[0].queries
    note = f"{queries.n} queries of {queries.length_s:g} s from {queries.tracks} tracks"
    note += f"; points, with {100 * level:g} % intervals (paired, bootstrap over tracks)"
    click.echo("\n\n".join([*parts, note]))


def _heading(results: Sequence[Result], index: str, distractors: str) -> str:
    systems = [result.fingerprinter for result in results]
    names = [label(system, systems, dtype=True) for system in systems]
    made = [result.generator.name for result in results if result.generator is not None]
    kind = f"{distractors} distractors"
    if distractors == "synthetic":
        kind += f" ({' and '.join(dict.fromkeys(made))})"
    return f"{names[0]} minus {names[1]}, {index}, {kind}"


def _table(differences: Sequence["Difference"], like: "Difference") -> str:
    shown = [d for d in differences if (d.index, d.distractors) == (like.index, like.distractors)]
    measures = list(dict.fromkeys((d.metric, d.tolerance_s) for d in shown))
    measures.sort(key=lambda m: m[1] is None)
    sizes = sorted({d.n_distractors for d in shown})
    cells = {(d.n_distractors, d.metric, d.tolerance_s): _cell(d) for d in shown}
    rows = [[_size(size), *(cells.get((size, *m), "") for m in measures)] for size in sizes]
    headers = ["distractors", *(measure(*m) for m in measures)]
    return tabulate(rows, headers=headers, stralign="right")


def _size(sizes: tuple[int, int]) -> str:
    one, other = map(short_size, sizes)
    return one if one == other else f"{one} and {other}"


def _cell(difference: "Difference") -> str:
    value, low, high = (100 * x for x in (difference.value, difference.low, difference.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
