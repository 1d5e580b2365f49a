"""``fpbench leaderboard``: a light module, because ``fpbench --help`` imports it."""

from collections.abc import Sequence
from pathlib import Path

import click

from fpbench.errors import FpbenchError
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench_leaderboard.tables import leaderboard as tables


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1)
@click.option("--metric", default="hr@1", show_default=True, help="Which curves to show.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw all curves into one picture, too.",
)
def leaderboard(paths: tuple[Path, ...], metric: str, figure: Path | None) -> None:
    """Make markdown tables from results, the best system first.

    PATHS are result files or folders of them; without any, the folder submissions. Results go into
    one table only if they can be compared: same audio, same queries, same metric.
    """
    from fpbench.results.files import read_result, result_files

    if figure is not None and figure.suffix != ".png":
        raise FpbenchError(f"'{figure}' cannot hold the figure", hint="end its name in .png")
    found = [file for path in paths or (Path("submissions"),) for file in result_files(path)]
    results = [read_result(file) for file in found]
    if figure is not None:
        draw(results, found, figure, metric)
    click.echo(tables(results, metric=metric), nl=False)


def draw(results: Sequence[Result], files: Sequence[Path], figure: Path, metric: str) -> None:
    """All curves in one picture.

    Raises:
        FpbenchError: There is nothing to draw, or results that must not be compared.
    """
    from fpbench.review.curves_figure import plot_curves

    if not any(curve.metric == metric for result in results for curve in result.curves):
        raise FpbenchError(f"there is no curve of {metric} to draw", hint="give files of results")
    first = ComparisonKey.of(results[0])
    for result, file in zip(results, files, strict=True):
        if ComparisonKey.of(result) != first:
            raise FpbenchError(
                f"{file} has other audio or other queries than {files[0]}: they make no one figure",
                hint="name the files that belong together",
            )
    plot_curves(results, figure, metric=metric)
