"""``fpbench leaderboard``: a light module, because ``fpbench --help`` imports it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import refuse_unwritable
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench.user_paths import expand_path
from fpbench_leaderboard.board import board_json
from fpbench_leaderboard.entries import Entry, file_links
from fpbench_leaderboard.searches import Wanted
from fpbench_leaderboard.sections import make_board
from fpbench_leaderboard.tables import leaderboard as tables


@click.command()
@click.argument("paths", type=click.Path(readable=False), nargs=-1)
@click.option("--metric", default="hr@1", show_default=True, help="Metric of the curves.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json"]),
    default="md",
    show_default=True,
    help="Form of the output.",
)
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, readable=False),
    metavar="FILE",
    help="Also plot all curves in one figure, as .png, .svg or .pdf.",
)
def leaderboard(paths: tuple[str, ...], metric: str, form: str, figure: str | None) -> None:
    """Print result tables as Markdown, the best system first.

    PATHS are result files or folders of them; the default is the folder submissions. Results are in
    one table only if they can be compared: same audio, same queries, same metric. Files with errors
    are left out and named.
    """
    from fpbench.results.files import read_result, result_files
    from fpbench.review.curves_figure import plot_curves
    from fpbench.review.figure_files import refuse_figure_name

    board = None if figure is None else expand_path(figure)
    if board is not None:
        refuse_figure_name(board)
        refuse_unwritable(board, "--figure")
    errors, files, results = ErrorCollector(), list[Path](), dict[Path, Result]()
    for path in paths or ("submissions",):
        with errors.collect():
            files += result_files(expand_path(path))
    for file in files:
        with errors.collect():
            results[file] = read_result(file)
    if results or not errors:
        click.echo(_text(results, metric, form), nl=False)
        if board is not None:
            with errors.collect():
                refuse_mixed(list(results.values()), list(results), metric)
                plot_curves(list(results.values()), board, metric=metric)
    errors.raise_all()


def _text(results: Mapping[Path, Result], metric: str, form: str) -> str:
    if form == "md":
        return tables(results.values(), metric=metric)
    entries = [
        Entry(result=result, path=path, links=file_links(path, result))
        for path, result in results.items()
    ]
    return board_json(make_board(entries, "submissions", Wanted(metrics=[metric])))


def refuse_mixed(results: Sequence[Result], files: Sequence[Path], metric: str) -> None:
    """Refuse results whose curves one figure cannot show.

    Raises:
        FpbenchError: There is no curve of the metric, or the results cannot be compared.
    """
    if not any(curve.metric == metric for result in results for curve in result.curves):
        raise FpbenchError(f"there is no curve of {metric} to draw", hint="give other results")
    first = ComparisonKey.of(results[0])
    for result, file in zip(results, files, strict=True):
        if ComparisonKey.of(result) != first:
            raise FpbenchError(
                f"{file} and {files[0]} differ in audio or queries: one figure cannot show both",
                hint="give only results with the same audio and queries",
            )
